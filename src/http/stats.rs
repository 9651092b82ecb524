//! `/v1/stats`: what was done, day by day.

use axum::extract;
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;
use super::query::Query;
use super::{State, openapi};
use crate::stats::{Report, Span};

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Days {
    /// The first, in the shop's time zone; six days before `to` if left out.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-17")]
    from: Option<Date>,
    /// The last; today if left out.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-23")]
    to: Option<Date>,
}

/// Figures of some days: in all, day by day and by intent.
///
/// Containment, hand-offs and their reasons, how fast people were, which promises were kept, repeat contact, ratings and
/// emotion. Every share comes with the counts that it is made of.
#[utoipa::path(get, path = "/v1/stats", tag = "stats", operation_id = "stats", params(openapi::Headers, Days), responses(
    (status = 200, description = "the figures", body = Report),
    openapi::ListErrors,
))]
pub(super) async fn stats(
    extract::State(state): extract::State<State>,
    Query(days): Query<Days>,
) -> Result<axum::Json<Report>, Problem> {
    let to = days.to.unwrap_or_else(|| state.live().engine().now().date());
    let week = || to.saturating_sub(jiff::Span::new().days(6));
    let span = Span { from: days.from.unwrap_or_else(week), to };
    Ok(axum::Json(state.desk.figures(span).await?))
}
