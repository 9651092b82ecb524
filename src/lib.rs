//! Chat triage for shops.
//!
//! For every message that a customer sends, Triage tells which intents it has and how the customer feels, and decides
//! what happens: answer, ask, or hand over to a person. One small ONNX model, one CPU core, nothing but local files.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use triage::{Engine, Incoming};
//!
//! let engine = Engine::open("config/triage.yaml")?;
//! let reply = engine.triage(&Incoming::text("退货运费谁出")?);
//! println!("{:?}: {}", reply.decision, reply.answer.map(|answer| answer.text).unwrap_or_default());
//! # Ok(()) }
//! ```
//!
//! The path of one message is [`pipeline`](self) read from top to bottom: [`text`] → [`model`] → [`head`] →
//! [`slots`] → [`policy`] → [`answer`]. What leads write is [`catalogue`]. `ARCHITECTURE.md` has the map.

pub mod adapters;
pub mod answer;
pub mod calendar;
pub mod cases;
pub mod catalogue;
pub mod cli;
pub mod compare;
pub mod config;
pub mod conversation;
pub mod desk;
pub mod engine;
pub mod eval;
pub mod explain;
pub mod facts;
pub mod head;
pub mod http;
pub mod incoming;
pub mod keys;
pub mod labels;
pub mod lint;
pub mod live;
pub mod lookup;
pub mod model;
pub mod orders;
mod pipeline;
pub mod policy;
pub mod products;
pub mod quote;
pub mod recorded;
pub mod region;
pub mod reply;
pub mod review;
pub mod shop;
pub mod slots;
pub mod sources;
pub mod stats;
pub mod store;
pub mod text;
pub mod ticket;
pub mod webhooks;
pub mod yaml;

pub use engine::{Engine, OpenError};
pub use incoming::{Incoming, Request, RequestError};
pub use pipeline::{Classified, Handled, Kept};
pub use reply::{DecisionKind, Reply};
