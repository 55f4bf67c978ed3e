//! Entry of the worker for workloads; see the library.

fn main() {
    snapstack_web::start_hosts();
}
