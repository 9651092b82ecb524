//! What a basket costs: worked out by the same workers as messages, behind the same queue and under the same deadline.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use tokio::time::timeout_at;

use super::{Back, Desk, DeskError, Refused};
use crate::lookup::{Lookup, Unavailable};
use crate::products::Product;
use crate::quote::{QuoteReply, QuoteRequest};

/// How far a worker came.
enum Step {
    /// The shop's own system has to be asked for these products first.
    Waits(BoxFuture<'static, Result<Vec<Product>, Unavailable>>),
    Quoted(Box<QuoteReply>),
}

impl Desk {
    /// Works out a basket. Decides nothing and keeps nothing.
    ///
    /// # Errors
    /// When the request is not valid, when there is too much to do, when it took too long, or when the shop's own system
    /// cannot tell of a product.
    pub async fn quote(&self, request: QuoteRequest) -> Result<QuoteReply, DeskError> {
        let deadline = Instant::now() + self.0.deadline;
        let request = Arc::new(request);
        let mut told = None;
        loop {
            let (back, request) = (Arc::clone(&self.0.back), Arc::clone(&request));
            let products = told.take();
            let work = move || back.quote(&request, products);
            match self
                .0
                .pool
                .submit((self.1.clone(), 1), deadline, work, || Err(Refused::Failed.into()))?
                .wait()
                .await??
            {
                Step::Quoted(reply) => return Ok(*reply),
                Step::Waits(products) => {
                    // No worker waits with it.
                    let products = timeout_at(deadline.into(), products).await;
                    told = Some(products.map_err(|_elapsed| Refused::DeadlineExceeded)??);
                }
            }
        }
    }
}

impl Back {
    /// What a worker does with a request, and with the products that it had to wait for.
    fn quote(&self, request: &QuoteRequest, told: Option<Vec<Product>>) -> Result<Step, DeskError> {
        let engine = self.live.engine();
        let invalid = |error: crate::quote::QuoteRequestError| DeskError::Invalid(error.to_string());
        let products = match told {
            Some(told) => told,
            None => match engine.products_of(request).map_err(invalid)? {
                Lookup::Now(known) => known?,
                Lookup::Later(products) => return Ok(Step::Waits(products)),
            },
        };
        let find = |id: &str| products.iter().find(|product| product.has_id(id)).cloned();
        engine.quote(request, &find, &self.now()).map(|reply| Step::Quoted(Box::new(reply))).map_err(invalid)
    }
}
