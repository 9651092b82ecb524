//! Who may call what: keys are read from the request, held against those in force, and counted.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tracing::Span;

use super::State;
use super::problem::{Code, Problem};
use crate::desk::Clock;
use crate::keys::{Exhausted, Keys, Owner, Role};

/// Where programs that cannot set `authorization` put their key.
const API_KEY: &str = "x-api-key";

/// The longest key that is looked at, in bytes.
const LONGEST_KEY: usize = 512;

/// The keys in force, and the clock that their limits go by.
#[derive(Clone)]
pub struct Gate {
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    time_zone: jiff::tz::TimeZone,
}

impl Gate {
    /// `time_zone`: the shop's, in which days are counted.
    #[must_use]
    pub fn new(keys: Arc<Keys>, clock: Arc<dyn Clock>, time_zone: jiff::tz::TimeZone) -> Self {
        Self { keys, clock, time_zone }
    }
}

/// Who called; in the extensions of a request that came past the gate.
#[derive(Clone)]
pub(super) enum Caller {
    /// No keys are asked for.
    Anybody,
    Owner(Owner, Gate),
}

/// Who may use some routes.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    roles: &'static [Role],
    /// Whether the key may stand in the address as `?token=`: only where a client knows no other way, since addresses end
    /// up in logs of proxies.
    in_query: bool,
}

/// Gateways.
pub(super) const DECIDING: Allowed = Allowed { roles: &[Role::Gateway, Role::Admin], in_query: false };

/// The same, for clients that show their key as `?token=`.
pub(super) const DECIDING_BY_ADDRESS: Allowed = Allowed { in_query: true, ..DECIDING };

/// Those who speak with the customer, and those who look on.
pub(super) const TALKING: Allowed =
    Allowed { roles: &[Role::Gateway, Role::Agent, Role::Lead, Role::Admin], in_query: false };

/// Who takes hand-offs.
pub(super) const HELPING: Allowed = Allowed { roles: &[Role::Agent, Role::Lead, Role::Admin], in_query: false };

/// Who looks after the catalogue.
pub(super) const LEADING: Allowed = Allowed { roles: &[Role::Lead, Role::Admin], in_query: false };

/// Who runs the service.
pub(super) const RUNNING: Allowed = Allowed { roles: &[Role::Admin], in_query: false };

/// Lets only some in to all routes of a router.
pub(super) fn only(allowed: Allowed, state: &State, routes: Router<State>) -> Router<State> {
    let gate = state.gate.clone();
    routes.route_layer(from_fn(move |request: Request, next: Next| {
        let gate = gate.clone();
        async move { pass(gate.as_ref(), allowed, request, next).await }
    }))
}

async fn pass(gate: Option<&Gate>, allowed: Allowed, mut request: Request, next: Next) -> Response {
    let caller = match gate.map_or(Ok(Caller::Anybody), |gate| enter(gate, allowed, &request)) {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn enter(gate: &Gate, allowed: Allowed, request: &Request) -> Result<Caller, Problem> {
    let now = gate.clock.now().to_zoned(gate.time_zone.clone());
    let shown = shown(request.headers())
        .or_else(|| if allowed.in_query { in_query(request.uri().query()?) } else { None })
        .filter(|key| key.len() <= LONGEST_KEY);
    let owner = shown.and_then(|key| gate.keys.owner(&key, &now)).ok_or_else(|| {
        Problem::new(Code::Unauthorized, "a valid key is needed in the header `authorization: Bearer …` or `x-api-key`")
    })?;
    Span::current().record("key", &*owner.name);
    if !allowed.roles.contains(&owner.role) {
        let roles: Vec<_> = allowed.roles.iter().map(|role| role.id()).collect();
        let message = format!("a key of role {} may not do this; allowed: {}", owner.role.id(), roles.join(", "));
        return Err(Problem::new(Code::Forbidden, message));
    }
    let caller = Caller::Owner(owner, gate.clone());
    caller.spend(1)?;
    Ok(caller)
}

/// The key that the headers show.
fn shown(headers: &HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned());
    }
    headers.get(API_KEY)?.to_str().ok().map(|key| key.trim().to_owned())
}

fn in_query(query: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).ok()?;
    pairs.into_iter().find(|(name, _)| name == "token").map(|(_, key)| key)
}

impl Caller {
    /// The name of the key, if there is one: whose share of the queue it is.
    pub(super) fn name(&self) -> Option<Arc<str>> {
        match self {
            Self::Anybody => None,
            Self::Owner(owner, _) => Some(Arc::clone(&owner.name)),
        }
    }

    /// Counts so many requests more.
    pub(super) fn spend(&self, requests: usize) -> Result<(), Problem> {
        let Self::Owner(owner, gate) = self else { return Ok(()) };
        let Some(requests) = u32::try_from(requests).ok().and_then(NonZeroU32::new) else { return Ok(()) };
        let now = gate.clock.now().to_zoned(gate.time_zone.clone());
        owner.spend(requests, &now).map_err(|exhausted| {
            let (code, message, wait, why) = match exhausted {
                Exhausted::Rate { wait } => {
                    (Code::RateLimited, "this key sends more in a second than it may", wait, "rate")
                }
                Exhausted::Day { wait } => {
                    (Code::QuotaExceeded, "this key has used up its requests of today", wait, "day")
                }
            };
            ::metrics::counter!("triage_key_refused_total", "key" => owner.name.to_string(), "why" => why).increment(1);
            Problem::new(code, message).retry_after(wait)
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or(Self::Anybody))
    }
}

/// What handlers share, with the desk as the caller meets it. Named before the body among the arguments of a handler, it refuses what
/// would have to be refused anyhow before anything of it is read.
pub(super) struct Work(pub(super) State);

impl FromRequestParts<State> for Work {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let Ok(caller) = Caller::from_request_parts(parts, state).await;
        let state = State { desk: state.desk.on_behalf_of(caller.name()), ..state.clone() };
        state.desk.has_room()?;
        Ok(Self(state))
    }
}
