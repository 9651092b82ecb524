//! What was done, added up.

use super::people::reading;
use super::{Desk, DeskError};
use crate::stats::{Basis, Figures, Report, Span};

impl Desk {
    /// The figures of a span of days, in the shop's time zone.
    ///
    /// # Errors
    /// When the span is not one to make figures of, or the store fails.
    pub async fn figures(&self, span: Span) -> Result<Report, DeskError> {
        let span = span.check().map_err(|error| DeskError::Invalid(error.to_string()))?;
        let back = &self.0.back;
        let engine = back.live.engine();
        let basis = Basis {
            zone: engine.config().time_zone.clone(),
            now: back.clock.now(),
            silence: engine.catalogue().policy().windows.silence,
        };
        reading(back, move |store| Figures::of(store, span, &basis)).await
    }
}
