//! What the crate promises, checked through its public doors.
mod http;
