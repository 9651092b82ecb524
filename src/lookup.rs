//! Asking the shop's own data: what is known at once, and what has to be waited for.

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};

/// The answer of a source.
pub enum Lookup<T> {
    /// Known without waiting: a table, a file, a cache.
    Now(Result<T, Unavailable>),
    /// Asked of another system; nothing happens before it is polled.
    Later(BoxFuture<'static, Result<T, Unavailable>>),
}

/// The source could not tell. Says why in general: never an address, a number or a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the shop's data cannot be read: {0}")]
pub struct Unavailable(pub &'static str);

impl<T: Send + 'static> Lookup<T> {
    /// The same answer, made into another.
    #[must_use]
    pub fn map<U: Send + 'static>(self, change: impl FnOnce(T) -> U + Send + 'static) -> Lookup<U> {
        match self {
            Self::Now(known) => Lookup::Now(known.map(change)),
            Self::Later(future) => Lookup::Later(Box::pin(async move { future.await.map(change) })),
        }
    }

    /// All answers, in order; so many questions are asked at a time. One that cannot be told fails them all.
    #[must_use]
    pub fn all(questions: Vec<Self>, at_once: usize) -> Lookup<Vec<T>> {
        if questions.iter().any(|question| matches!(question, Self::Later(_))) {
            let answers = stream::iter(questions.into_iter().map(Self::wait)).buffered(at_once.max(1));
            return Lookup::Later(Box::pin(answers.try_collect()));
        }
        let known = |question| match question {
            Self::Now(known) => known,
            Self::Later(_) => Err(Unavailable("an answer has to be waited for")),
        };
        Lookup::Now(questions.into_iter().map(known).collect())
    }

    /// The answer, after as long as it takes.
    ///
    /// # Errors
    /// When the source cannot tell.
    pub async fn wait(self) -> Result<T, Unavailable> {
        match self {
            Self::Now(known) => known,
            Self::Later(future) => future.await,
        }
    }
}
