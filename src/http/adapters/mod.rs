//! Routes in the language of another service, for clients that already speak it.
//!
//! An adapter translates and nothing else: the same desk decides, behind the same queue. Keys that it does not read are passed
//! over, since these clients send more than anybody reads, and errors have the shape that they know.

pub(super) mod bot_framework;
pub(super) mod rasa;
mod spoken;
pub(super) mod tei;

use axum::Router;

use super::problem::{Code, Problem, Shape};
use super::{Limits, State};
use crate::RequestError;
use crate::desk::DeskError;

/// All adapters, each with the shape of its errors.
pub(super) fn routes(limits: Limits) -> [(Router<State>, Shape); 3] {
    [
        (rasa::routes(limits), rasa::shape),
        (tei::routes(limits), tei::shape),
        (bot_framework::routes(limits), bot_framework::SHAPE),
    ]
}

/// What the desk refused, told by the name that the text has here.
fn refused(error: DeskError, text: &str) -> Problem {
    match error {
        DeskError::Request(RequestError::Text(error)) => Problem::new(Code::TextTooLong, format!("`{text}`: {error}")),
        DeskError::Request(RequestError::Empty) => empty(text),
        other => other.into(),
    }
}

fn empty(text: &str) -> Problem {
    Problem::new(Code::TextEmpty, format!("`{text}` is empty"))
}
