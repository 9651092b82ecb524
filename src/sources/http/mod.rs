//! The shop's own systems, asked over HTTP: kept for seconds, asked again where that may help, left alone while they are down.

mod circuit;
mod figures;
mod line;
mod orders;
mod products;

use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use quick_cache::sync::Cache;
use serde_json::Value;
use url::Url;

use self::figures::Outcome;
use self::line::{Answer, Failure, LEFT_ALONE, Line};
pub(super) use self::orders::HttpOrders;
pub(super) use self::products::HttpProducts;
use super::read::Problem;
use crate::config::Template;
use crate::lookup::{Lookup, Unavailable};

/// Answers that are kept at most.
const KEPT: usize = 4096;

/// What an answer means, for the key that was asked for.
type Decode<T> = Box<dyn Fn(&Value, &str) -> Result<T, Problem> + Send + Sync>;

/// Questions of one kind: a key in, a `T` out. `T::default()` stands for nothing.
struct Connector<T>(Arc<Inner<T>>);

struct Inner<T> {
    line: Arc<Line>,
    template: Template,
    decode: Decode<T>,
    kept: Cache<String, (Instant, T)>,
}

impl<T: Clone + Default + PartialEq + Send + Sync + 'static> Connector<T> {
    fn new(
        line: Arc<Line>,
        template: Template,
        decode: impl Fn(&Value, &str) -> Result<T, Problem> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { line, template, decode: Box::new(decode), kept: Cache::new(KEPT) }))
    }

    /// Kept answers and an open circuit are known at once.
    fn ask(&self, key: &str) -> Lookup<T> {
        let line = &self.0.line;
        let now = (line.ticks)();
        if let Some((until, value)) = self.0.kept.get(key)
            && now < until
        {
            figures::cached(line.name);
            return Lookup::Now(Ok(value));
        }
        if line.circuit.is_open(now) {
            return Lookup::Now(Err(Unavailable(LEFT_ALONE)));
        }
        let Some(url) = self.0.template.fill(key) else { return Lookup::Now(Ok(T::default())) };
        let (inner, key) = (Arc::clone(&self.0), key.to_owned());
        Lookup::Later(
            async move {
                let line = Arc::clone(&inner.line);
                line.run(inner.fetch(key, url)).await
            }
            .boxed(),
        )
    }
}

impl<T: Clone + Default + PartialEq + Send + Sync + 'static> Inner<T> {
    async fn fetch(self: Arc<Self>, key: String, url: Url) -> Result<T, Unavailable> {
        let started = Instant::now();
        let read = self.line.ask(url).await.and_then(|answer| self.read(answer, &key));
        let outcome = match &read {
            Ok(value) if *value == T::default() => Outcome::Absent,
            Ok(_) => Outcome::Found,
            Err(failure) if failure.is_unusable() => Outcome::Unusable,
            Err(_) => Outcome::Failed,
        };
        figures::asked(self.line.name, outcome, started.elapsed());
        let value = read.map_err(|failure| failure.told(self.line.name))?;
        let settings = &self.line.settings;
        let good_for = if outcome == Outcome::Absent { settings.absent } else { settings.cache };
        self.kept.insert(key, ((self.line.ticks)() + good_for, value.clone()));
        Ok(value)
    }

    fn read(&self, answer: Answer, key: &str) -> Result<T, Failure> {
        let body = match answer {
            Answer::Absent => return Ok(T::default()),
            Answer::Body(body) => body,
        };
        let value = serde_json::from_slice(&body).map_err(|_| Failure::unusable("an answer that is not JSON"))?;
        (self.decode)(&value, key).map_err(|problem| {
            tracing::warn!(source = self.line.name, "the shop's own system: {problem}; see `fields` and `states`");
            Failure::unusable("an answer that cannot be understood")
        })
    }
}

#[cfg(test)]
mod tests;
