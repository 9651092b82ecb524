//! Routes in the language of another service, for clients that already speak it.
//!
//! An adapter translates and nothing else: the same desk decides, behind the same queue. Keys that it does not read are passed
//! over, since these clients send more than anybody reads, and errors have the shape that they know.

pub(super) mod bot_framework;
pub(super) mod rasa;
mod spoken;
pub(super) mod tei;

use axum::Router;

use super::State;
use super::access::{DECIDING, DECIDING_BY_ADDRESS, only};
use super::problem::{Code, Problem, Shape};
use crate::RequestError;
use crate::desk::DeskError;

/// All adapters, each behind its lock and with the shape of its errors.
pub(super) fn routes(state: &State) -> [(Router<State>, Shape); 3] {
    let limits = state.limits;
    [
        (only(DECIDING_BY_ADDRESS, state, rasa::routes(limits)), rasa::shape),
        (only(DECIDING, state, tei::routes(limits)), tei::shape),
        (only(DECIDING, state, bot_framework::routes(limits)), bot_framework::SHAPE),
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
