//! `POST /v1/quote`: what a basket costs.

use super::access::Work;
use super::extract::Json;
use super::openapi;
use super::problem::Problem;
use crate::quote::{QuoteReply, QuoteRequest};

/// Works out a basket: the best legal combination of promotions, shipping, and what one step more would save.
///
/// Decides nothing and keeps nothing. Price and category of an item come from the request; a product that is not known here
/// needs them there.
#[utoipa::path(post, path = "/v1/quote", tag = "quote", operation_id = "quote",
    params(openapi::Headers),
    request_body(content = QuoteRequest, example = json!({
        "basket": [
            {"product": "QH-2001", "quantity": 1, "price": "468", "category": "kitchen"},
            {"product": "QH-1002", "quantity": 3, "price": "29.90", "category": "bedding"}
        ],
        "coupons": ["shop_coupon"], "member": "gold", "region": "浙江"
    })),
    responses((status = 200, description = "the sum, line by line", body = QuoteReply), openapi::QuoteErrors),
)]
pub(super) async fn quote(
    Work(state): Work,
    Json(request): Json<QuoteRequest>,
) -> Result<axum::Json<QuoteReply>, Problem> {
    Ok(axum::Json(state.desk.quote(request).await?))
}
