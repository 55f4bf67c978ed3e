//! Entry of page and worker; see the library.

fn main() {
    snapstack_web::start();
}
