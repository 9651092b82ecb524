//! `GET /openapi.json`: the API described for programs, made from the types and tables that the handlers use.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi};

use super::adapters::{bot_framework, rasa, tei};
use super::problem::{Code, ErrorBody, Problem};
use super::request_id::RequestId;
use super::{catalogue, chatwoot, conversations, events, feedback, handoffs, health, quote, stats, triage, webhooks};
use crate::ticket::Event;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "triage",
        description = "Reads a customer's chat message and says what they want, how they feel, and what should happen \
            now: answer, ask, or hand over to a person. Every response carries `x-request-id`; every error of our own paths has the \
            one shape `ErrorBody`."
    ),
    paths(
        triage::single, triage::batch, quote::quote,
        conversations::read, conversations::close, conversations::assign, conversations::rate, conversations::message,
        feedback::give,
        handoffs::list, events::follow, handoffs::read,
        handoffs::claim, handoffs::release, handoffs::resolve, handoffs::give_back,
        webhooks::status, webhooks::dead, webhooks::replay,
        catalogue::status, catalogue::validate, catalogue::reload, catalogue::rollback,
        chatwoot::receive,
        stats::stats, health::health, health::ready, serve_document,
        rasa::parse::parse, rasa::rest::webhook, rasa::rest::health, rasa::status, rasa::version,
        tei::predict::intents, tei::predict::emotions, tei::info, tei::emotion_info,
        bot_framework::activities,
    ),
    components(schemas(ErrorBody, Event)),
    tags(
        (name = "triage", description = "deciding what happens with messages"),
        (name = "quote", description = "what a basket costs"),
        (name = "conversations", description = "what was said, who has it, and what people add to it"),
        (name = "handoffs", description = "the tickets that wait for people, and what people do with them"),
        (name = "webhooks", description = "events that other systems are told of, and those that did not arrive"),
        (name = "adapters", description = "other systems that speak their own shapes to this service"),
        (name = "catalogue", description = "what support leads write: what is served, and changing it"),
        (name = "stats", description = "what was done, added up"),
        (name = "health", description = "for load balancers and supervisors"),
        (name = "meta", description = "about the API itself"),
        (name = "rasa", description = "what clients of Rasa call; errors have Rasa's shape"),
        (name = "tei", description = "what clients of Text Embeddings Inference call; errors have its shape"),
        (name = "bot framework", description = "activities and the hand-off protocol of the Bot Framework"),
    ),
    modifiers(&Locks)
)]
struct Api;

/// The ways in which a key is shown, on everything but what needs none.
struct Locks;

impl Modify for Locks {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("a key, where the service asks for one"));
        let header = ApiKey::Header(ApiKeyValue::with_description(
            "x-api-key",
            "the same, for programs that cannot set `authorization`",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(header));
        // An empty requirement: a service without keys asks for none.
        let ways = [
            SecurityRequirement::default(),
            SecurityRequirement::new("bearer", NONE),
            SecurityRequirement::new("api_key", NONE),
        ];
        for (path, item) in &mut document.paths.paths {
            if !OPEN.contains(&path.as_str()) {
                for operation in operations(item) {
                    operation.security = Some(ways.to_vec());
                }
            }
        }
    }
}

/// What needs no key: supervisors, readers, and what is signed.
const OPEN: [&str; 4] = ["/health", "/ready", "/openapi.json", "/webhooks/chatwoot"];

/// No scopes.
const NONE: [&str; 0] = [];

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch].into_iter().flatten()
}

/// The OpenAPI 3.1 document of the whole API.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

static JSON: LazyLock<String> =
    LazyLock::new(|| document().to_pretty_json().expect("a document made of strings and numbers can be written"));

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "meta", operation_id = "openapi", responses(
    (status = 200, description = "the OpenAPI 3.1 description of this API", body = Object),
))]
pub(super) async fn serve_document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], JSON.as_str())
}

/// `/try`: a page that shows the document and sends requests, from files in the program: it works without the network.
pub(super) fn page<S: Clone + Send + Sync + 'static>() -> axum::Router<S> {
    let config =
        utoipa_swagger_ui::Config::from("/openapi.json").try_it_out_enabled(true).display_request_duration(true);
    utoipa_swagger_ui::SwaggerUi::new("/try").config(config).into()
}

/// Headers that a request may have.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described; the header is read in request_id.rs")]
pub(super) struct Headers {
    /// Names the request in answers and in the log; up to 64 visible ASCII characters. Made up if absent or unfit.
    #[param(rename = "x-request-id", required = false, example = "req-81")]
    request_id: String,
}

/// The id in the path of a conversation.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only described; the path is read in query.rs")]
pub(super) struct ConversationId {
    /// The id that the caller gave the conversation.
    #[param(example = "c-81")]
    id: String,
}

/// The id in the path of a ticket.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only described; the path is read in query.rs")]
pub(super) struct TicketId {
    /// The ticket's id, as in `handoff.ticket_id` of a reply.
    #[param(example = "019e620e-8a00-7c41-b6b5-0d4f5e0d8a11")]
    id: String,
}

/// How a stream is taken up again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described; the header is read in events.rs")]
pub(super) struct LastEventId {
    /// The `id` of the event that came last.
    #[param(rename = "last-event-id", required = false, example = 57)]
    last_event_id: u64,
}

/// Types that tell `utoipa` what can go wrong, each with its codes.
macro_rules! errors {
    ($($(#[$what:meta])* $name:ident: $($codes:expr),+;)+) => {
        $($(#[$what])*
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                describe(&[&ACCESS_CODES[..], $(&$codes[..]),+].concat())
            }
        })+
    };
}

errors! {
    /// What can go wrong with one message.
    TriageErrors: BODY_CODES, [Code::TextEmpty, Code::TextTooLong, Code::Overloaded, Code::DeadlineExceeded, Code::MessageConflict];
    /// What can go wrong with a batch as a whole.
    BatchErrors: BODY_CODES;
    /// What can go wrong with a quote.
    QuoteErrors: BODY_CODES, [Code::Overloaded, Code::DeadlineExceeded, Code::SourceUnavailable];
    /// What can go wrong with looking at the files.
    ChangeErrors: [Code::Internal];
    /// What can go wrong with taking up the files.
    ReloadErrors: BODY_CODES;
    /// What can go wrong with going back.
    RollbackErrors: BODY_CODES, [Code::UnknownGeneration];
    /// What can go wrong with looking at what is served.
    AccessErrors: [];
    /// What can go wrong with reading something that takes no parameters.
    StoreErrors: STORE_CODES;
    /// What can go wrong with reading a list.
    ListErrors: STORE_CODES, [Code::InvalidRequest];
    /// What can go wrong with reading something by its id.
    ReadErrors: STORE_CODES, [Code::InvalidRequest, Code::InvalidUtf8, Code::NotFound];
    /// What can go wrong with following events.
    StreamErrors: STORE_CODES, [Code::InvalidRequest, Code::Overloaded, Code::NotReady];
    /// What can go wrong with closing a conversation.
    CloseErrors: STORE_CODES, [Code::InvalidUtf8, Code::NotFound, Code::TicketOpen, Code::Busy];
    /// What can go wrong with noting something.
    NoteErrors: BODY_CODES, STORE_CODES, [Code::NotFound, Code::Busy];
    /// What can go wrong with noting what was said.
    MessageErrors: BODY_CODES, STORE_CODES, [Code::NotFound, Code::MessageConflict, Code::Busy];
    /// What can go wrong with taking a ticket.
    ClaimErrors: BODY_CODES, STORE_CODES, [Code::NotFound, Code::TicketTaken, Code::TicketClosed, Code::Busy];
    /// What can go wrong with a later step of a ticket.
    StepErrors: BODY_CODES, STORE_CODES, [Code::NotFound, Code::TicketTaken, Code::TicketNotYours, Code::TicketClosed, Code::Busy];
    /// What can go wrong with an activity: with a message, and with what a hub tells of a ticket.
    ActivityErrors: BODY_CODES, STORE_CODES, [Code::TextEmpty, Code::TextTooLong, Code::Overloaded, Code::DeadlineExceeded,
        Code::MessageConflict, Code::NotFound, Code::TicketTaken, Code::TicketNotYours, Code::TicketClosed, Code::Busy];
    /// What can go wrong with trying deliveries again.
    ReplayErrors: BODY_CODES, STORE_CODES;
}

/// What can go wrong with the question whether the server is ready, which needs no key.
pub(super) struct ReadyErrors;

impl IntoResponses for ReadyErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        describe(&[Code::NotReady])
    }
}

/// What can go wrong with a webhook of Chatwoot, whose signature is its key. It is sent again after 429 and 500, after no other.
pub(super) struct ChatwootErrors;

impl IntoResponses for ChatwootErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        describe(&[
            Code::BadSignature,
            Code::InvalidJson,
            Code::InvalidRequest,
            Code::BodyTooLarge,
            Code::NotFound,
            Code::Overloaded,
            Code::Internal,
        ])
    }
}

/// What can go wrong wherever a key is asked for.
const ACCESS_CODES: [Code; 4] = [Code::Unauthorized, Code::Forbidden, Code::RateLimited, Code::QuotaExceeded];

/// What can go wrong wherever there is a body.
const BODY_CODES: [Code; 7] = [
    Code::InvalidJson,
    Code::InvalidUtf8,
    Code::InvalidRequest,
    Code::BodyTooLarge,
    Code::BodyTooSlow,
    Code::UnsupportedMediaType,
    Code::Internal,
];

/// What can go wrong wherever something is kept or read.
const STORE_CODES: [Code; 3] = [Code::NoStore, Code::StoreFailed, Code::Internal];

/// One response per status, with all its codes.
fn describe(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status = BTreeMap::<_, Vec<Code>>::new();
    for code in codes {
        let same: &mut Vec<_> = by_status.entry(code.status().as_str().to_owned()).or_default();
        if !same.contains(code) {
            same.push(*code);
        }
    }
    by_status.into_iter().map(|(status, codes)| (status, RefOr::T(response(&codes)))).collect()
}

fn response(codes: &[Code]) -> Response {
    let lines: Vec<_> = codes.iter().map(|code| format!("`{}`: {}", code.slug(), code.meaning())).collect();
    let examples =
        codes.iter().map(|code| (code.slug(), ExampleBuilder::new().value(Some(example_error(*code))).build()));
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).examples_from_iter(examples).build();
    let response = ResponseBuilder::new().description(lines.join("; ")).content("application/json", content);
    if codes.iter().any(|code| code.retryable()) {
        return response.header("retry-after", seconds_to_wait()).build();
    }
    response.build()
}

fn seconds_to_wait() -> Header {
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    HeaderBuilder::new()
        .schema(Some(seconds))
        .description(Some("How many seconds to wait before trying again."))
        .build()
}

/// A request as a gateway sends it.
pub(super) fn example_request() -> Value {
    example(include_str!("examples/request.json"))
}

/// A reply to it; tests hold its shape against a real one.
pub(super) fn example_reply() -> Value {
    example(include_str!("examples/reply.json"))
}

/// A conversation that waits for a person.
pub(super) fn example_conversation() -> Value {
    example(include_str!("examples/conversation.json"))
}

/// The ticket of that conversation.
pub(super) fn example_ticket() -> Value {
    example(include_str!("examples/ticket.json"))
}

/// A page with that ticket, as it stands in a list.
pub(super) fn example_tickets() -> Value {
    json!({"items": [example_conversation()["ticket"]], "next": null})
}

/// How the stream of events begins, and what comes when that ticket is opened.
pub(super) fn example_stream() -> String {
    let event = json!({
        "id": "019e620e-8a00-7c41-b6b5-0d4f5e0d8a12",
        "type": "ticket.created",
        "at": "2026-05-26T02:00:00Z",
        "ticket": example_ticket(),
        "message_id": null,
        "say": null,
    });
    format!("retry: 2000\nid: 56\n: open\n\nid: 57\nevent: ticket.created\ndata: {event}\n\n: heartbeat\n\n")
}

/// An error with this code.
pub(super) fn example_error(code: Code) -> Value {
    let id = RequestId::example();
    json!(Problem::new(code, code.meaning()).body(&id))
}

fn example(text: &str) -> Value {
    serde_json::from_str(text).expect("the example files are JSON")
}
