pub struct Drawing; pub struct Mark; pub struct Part; pub fn drawing() {}
