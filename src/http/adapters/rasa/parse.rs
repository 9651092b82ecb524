//! `POST /model/parse`: what a text means, by itself.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::RasaError;
use crate::Request;
use crate::desk::Understood;
use crate::http::access::Work;
use crate::http::adapters::refused;
use crate::http::extract::Undeclared;
use crate::http::openapi;
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::labels;
use crate::reply::{DecisionKind, Reply, ScoredIntent, Slot};

/// The intent of what is not understood.
const FALLBACK: &str = "nlu_fallback";

/// Intents that are told, beside the fallback: as many as Rasa tells.
const RANKED: usize = 10;

/// The retrieval intent that all answers belong to.
const FAQ: &str = "faq";

/// Where entities come from.
const EXTRACTOR: &str = "triage";

/// A text to read. Other keys, such as `message_id`, are passed over.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct ParseRequest {
    /// What the customer typed, at most 8,000 characters.
    text: String,
}

/// How it is to be read.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Mode {
    /// Not offered here: leave it out.
    emulation_mode: Option<String>,
}

/// What a text means.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ParseResult {
    /// As sent.
    text: String,
    /// The first of the ranking.
    intent: RasaIntent,
    /// Values found in the text.
    entities: Vec<RasaEntity>,
    /// `nlu_fallback` first if nothing was understood; then what would be decided on, then by confidence.
    intent_ranking: Vec<RasaIntent>,
    /// The answer, if the text would be answered.
    response_selector: Selector,
}

/// An intent with its probability.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(in crate::http) struct RasaIntent {
    name: String,
    /// Calibrated; they need not sum to one. Of `nlu_fallback` one less the highest.
    confidence: f32,
}

/// A value in the text.
#[derive(Debug, Serialize, ToSchema)]
struct RasaEntity {
    /// First character in the text: a character is a Unicode code point, never a byte.
    start: usize,
    /// One past the last character.
    end: usize,
    value: String,
    entity: String,
    extractor: &'static str,
}

/// The answers, as Rasa's response selector gives them.
#[derive(Debug, Serialize, ToSchema)]
struct Selector {
    /// `faq`.
    all_retrieval_intents: [&'static str; 1],
    faq: Selected,
}

#[derive(Debug, Serialize, ToSchema)]
struct Selected {
    response: Response,
    /// The business intents of the ranking.
    ranking: Vec<Ranked>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Response {
    /// Null where the text would not be answered.
    responses: Option<Vec<Said>>,
    confidence: f32,
    /// `faq/<intent>`; null where the text would not be answered.
    intent_response_key: Option<String>,
    /// `utter_faq/<intent>`, or `utter_None`.
    utter_action: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Said {
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Ranked {
    confidence: f32,
    intent_response_key: String,
}

/// Reads a text by itself, as Rasa's model does.
///
/// No conversation is looked at or made. It waits in the same queue as messages.
#[utoipa::path(post, path = "/model/parse", tag = "rasa", operation_id = "rasa_parse",
    params(openapi::Headers, Mode),
    request_body(content = ParseRequest, example = json!({"text": "到新疆运费多少", "message_id": "b2831e73"})),
    responses(
        (status = 200, description = "what it means", body = ParseResult),
        (status = "4XX", description = "refused, in Rasa's shape; 429 with `retry-after` when too much waits", body = RasaError),
        (status = "5XX", description = "failed, in Rasa's shape", body = RasaError),
    ),
)]
pub(in crate::http) async fn parse(
    Work(state): Work,
    Query(Mode { emulation_mode }): Query<Mode>,
    Undeclared(ParseRequest { text }): Undeclared<ParseRequest>,
) -> Result<Json<ParseResult>, Problem> {
    if emulation_mode.is_some() {
        let message = "`emulation_mode` is not offered; leave it out to get Rasa's own form";
        return Err(Problem::new(Code::InvalidRequest, message));
    }
    let request = Request { text: text.clone(), ..Request::default() };
    let understood = state.desk.understand(request).await.map_err(|error| refused(error, "text"))?;
    Ok(Json(result(text, understood)))
}

fn result(text: String, Understood { reply, is_understood }: Understood) -> ParseResult {
    let top = reply.intents.iter().map(|intent| intent.score).fold(0.0, f32::max);
    let fallback = RasaIntent { name: FALLBACK.to_owned(), confidence: 1.0 - top };
    let intents = reply.intents.iter().take(RANKED).map(RasaIntent::from);
    let intent_ranking: Vec<RasaIntent> =
        (!is_understood).then(|| fallback.clone()).into_iter().chain(intents).collect();
    ParseResult {
        text,
        intent: intent_ranking.first().cloned().unwrap_or(fallback),
        entities: reply.slots.iter().filter_map(entity).collect(),
        intent_ranking,
        response_selector: Selector { all_retrieval_intents: [FAQ], faq: selected(reply) },
    }
}

impl From<&ScoredIntent> for RasaIntent {
    fn from(intent: &ScoredIntent) -> Self {
        Self { name: intent.id.clone(), confidence: intent.score }
    }
}

/// A value with its place; one that the text does not hold has none.
fn entity(slot: &Slot) -> Option<RasaEntity> {
    let (start, end) = slot.start.zip(slot.end)?;
    Some(RasaEntity { start, end, value: slot.value.clone(), entity: slot.name.clone(), extractor: EXTRACTOR })
}

fn selected(reply: Reply) -> Selected {
    let of = |id: &str| reply.intents.iter().find(|intent| intent.id == id).map_or(0.0, |intent| intent.score);
    let key = |id: &str| format!("{FAQ}/{id}");
    let business = reply.intents.iter().filter(|intent| labels::is_business(&intent.id)).take(RANKED);
    let ranking = business.map(|intent| Ranked { confidence: intent.score, intent_response_key: key(&intent.id) });
    let ranking = ranking.collect();
    let answered = reply.answer.as_ref().filter(|_| reply.decision == DecisionKind::Answer);
    let response = match answered.and_then(|answer| Some((answer, answer.intents.first()?))) {
        Some((answer, intent)) => Response {
            responses: Some(vec![Said { text: answer.text.clone() }]),
            confidence: of(intent),
            utter_action: format!("utter_{}", key(intent)),
            intent_response_key: Some(key(intent)),
        },
        None => Response {
            responses: None,
            confidence: 0.0,
            intent_response_key: None,
            utter_action: "utter_None".to_owned(),
        },
    };
    Selected { response, ranking }
}
