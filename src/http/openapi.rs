//! `GET /openapi.json`: the API described for programs, made from the types and tables that the handlers use.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, OpenApi};

use super::problem::{Code, ErrorBody, Problem};
use super::request_id::RequestId;
use super::{catalogue, health, triage};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "triage",
        description = "Reads a customer's chat message and says what they want, how they feel, and what should happen \
            now: answer, ask, or hand over to a person. Every response carries `x-request-id`; every error has the \
            one shape `ErrorBody`."
    ),
    paths(triage::single, triage::batch, catalogue::status, catalogue::validate, catalogue::reload, catalogue::rollback, health::health, health::ready, serve_document),
    components(schemas(ErrorBody)),
    tags(
        (name = "triage", description = "deciding what happens with messages"),
        (name = "catalogue", description = "what support leads write: what is served, and changing it"),
        (name = "health", description = "for load balancers and supervisors"),
        (name = "meta", description = "about the API itself"),
    )
)]
struct Api;

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

/// Headers that a request may have.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described; the header is read in request_id.rs")]
pub(super) struct Headers {
    /// Names the request in answers and in the log; up to 64 visible ASCII characters. Made up if absent or unfit.
    #[param(rename = "x-request-id", required = false, example = "req-81")]
    request_id: String,
}

/// What can go wrong with one message.
pub(super) struct TriageErrors;

impl IntoResponses for TriageErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let checks = [Code::TextEmpty, Code::TextTooLong, Code::Overloaded, Code::DeadlineExceeded];
        describe(&[&BODY_CODES[..], &checks].concat())
    }
}

/// What can go wrong with a batch as a whole.
pub(super) struct BatchErrors;

impl IntoResponses for BatchErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        describe(&BODY_CODES)
    }
}

/// What can go wrong with looking at the files.
pub(super) struct ChangeErrors;

impl IntoResponses for ChangeErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        describe(&[Code::Internal])
    }
}

/// What can go wrong with taking up the files.
pub(super) struct ReloadErrors;

impl IntoResponses for ReloadErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        describe(&BODY_CODES)
    }
}

/// What can go wrong with going back.
pub(super) struct RollbackErrors;

impl IntoResponses for RollbackErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        describe(&[&BODY_CODES[..], &[Code::UnknownGeneration]].concat())
    }
}

/// What can go wrong with the question whether the server is ready.
pub(super) struct ReadyErrors;

impl IntoResponses for ReadyErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        describe(&[Code::NotReady])
    }
}

/// What can go wrong wherever there is a body.
const BODY_CODES: [Code; 6] = [
    Code::InvalidJson,
    Code::InvalidUtf8,
    Code::InvalidRequest,
    Code::BodyTooLarge,
    Code::UnsupportedMediaType,
    Code::Internal,
];

/// One response per status, with all its codes.
fn describe(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status = BTreeMap::<_, Vec<Code>>::new();
    for code in codes {
        by_status.entry(code.status().as_str().to_owned()).or_default().push(*code);
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

/// An error with this code.
pub(super) fn example_error(code: Code) -> Value {
    let id = RequestId::example();
    json!(Problem::new(code, code.meaning()).body(&id))
}

fn example(text: &str) -> Value {
    serde_json::from_str(text).expect("the example files are JSON")
}
