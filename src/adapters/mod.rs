//! Other systems' own shapes, translated to and from the [`Desk`](crate::desk::Desk). No rule of the shop lives here.

pub mod chatwoot;
