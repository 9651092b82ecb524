//! What the next message may be read against.

use super::Handling;
use crate::answer::Said;
use crate::conversation::{Awaiting, Given, OfferedOrder, State};
use crate::facts::OrderFound;
use crate::labels::Act;
use crate::orders::Order;
use crate::policy::{Decision, Outcome};
use crate::reply::DecisionKind;

/// The state after a decision.
pub(super) fn remember(handling: &Handling<'_>, decision: &Decision<'_>, said: Option<&Said>) -> State {
    let evidence = &handling.evidence;
    let (before, now) = (&evidence.situation.state, evidence.now.timestamp());
    let mut state = before.clone();
    state.burst = None;
    state.languages = handling.languages;
    state.slots = evidence.slots.carried();
    state.mood = evidence.mood;
    state.last_at = Some(now);
    let acts = Act::ALL.map(|act| evidence.likelihood(act));
    if let Some(topic) = evidence.business().first() {
        state.topic = Some(topic.id.clone());
        state.acts = Some(acts);
    }
    state.basket.clone_from(&evidence.facts.scene().basket);
    // What could not be read is sent again, or named.
    if state.basket.iter().any(|line| line.product.is_empty()) {
        state.basket.clear();
    }
    // Goods take the place of a sum, as a sum takes the place of goods.
    if !state.basket.is_empty() {
        state.slots.retain(|carried| carried.name != "amount");
    }
    state.reason = evidence.facts.scene().reason;
    if decision.kind == DecisionKind::Silent {
        // Nothing was said, so nothing that was asked for is any less open.
        return state;
    }
    match &evidence.facts.found().order {
        OrderFound::Known { order, is_proven_now: true, .. } if !state.proven.contains(&order.number) => {
            state.proven.push(order.number.clone());
        }
        OrderFound::Wrong | OrderFound::Refused { .. } => state.wrong_proofs = state.wrong_proofs.saturating_add(1),
        _ => {}
    }
    if let Outcome::Orders(_, orders) = &decision.outcome {
        state.orders = orders.iter().map(offered).collect();
    }
    state.asks = if decision.kind == DecisionKind::Ask { before.asks + 1 } else { 0 };
    state.awaiting = awaiting(decision);
    if let Awaiting::Choice(offered) = &state.awaiting {
        state.offered.clone_from(offered);
        state.acts = Some(acts);
    }
    if decision.kind == DecisionKind::Answer
        && let Outcome::Answers(plans) = &decision.outcome
    {
        for plan in plans {
            let slots = evidence.slot_values(plan.intent);
            state.give(Given { intent: plan.intent.id.clone(), slots, at: now });
        }
    }
    let reason = decision.reasons.first().map_or("", |reason| reason.code.as_str());
    state.is_closed = reason == "closing";
    state.is_told |= reason == "queued" && matches!(decision.outcome, Outcome::Text(..));
    if let Some(said) = said {
        state.last_line.clone_from(&said.answer.text);
        state.wordings.extend(said.wordings.iter().cloned());
        state.is_introduced |= said.introduced;
    }
    state
}

fn offered(order: &Order) -> OfferedOrder {
    OfferedOrder {
        number: order.number.clone(),
        titles: order.items.iter().map(|item| item.title.clone()).collect(),
        customer: order.customer.clone(),
    }
}

fn awaiting(decision: &Decision<'_>) -> Awaiting {
    match (&decision.kind, &decision.outcome) {
        (DecisionKind::Ask, Outcome::Slot(intent, slot)) => {
            Awaiting::Slot { intent: intent.id.clone(), slot: (*slot).to_owned() }
        }
        (DecisionKind::Ask, Outcome::Ask(_, intent, slot)) => {
            Awaiting::Slot { intent: intent.id.clone(), slot: (*slot).to_owned() }
        }
        (DecisionKind::Ask, Outcome::Orders(intent, _)) => {
            Awaiting::Slot { intent: intent.id.clone(), slot: "order_number".to_owned() }
        }
        (DecisionKind::Ask, Outcome::Choices(_, intents)) => {
            Awaiting::Choice(intents.iter().map(|intent| intent.id.clone()).collect())
        }
        (DecisionKind::Ask, _) => Awaiting::Anything,
        (DecisionKind::Answer, _) if !decision.choices.is_empty() => {
            Awaiting::Choice(decision.choices.iter().map(|intent| intent.id.clone()).collect())
        }
        _ => Awaiting::Nothing,
    }
}
