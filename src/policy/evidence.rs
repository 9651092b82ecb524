use super::decide::plan;
use crate::catalogue::{Catalogue, Flag, Intent};
use crate::head::IntentScore;
use crate::incoming::{HandledBy, Incoming, Role};
use crate::labels::{self, Act};
use crate::reply::EmotionReading;
use crate::slots::Slots;
use crate::text::Message;

/// Probability from which a social intent, a complaint or the wish for a person is taken as such. Acting on these by
/// mistake costs a polite line or a person's time, not a wrong answer, so they do not wait for the stated risk.
const LIKELY: f32 = 0.5;

/// An intent as understood in one message.
#[derive(Debug, Clone, Copy)]
pub struct Topic<'a> {
    /// The intent.
    pub intent: &'a Intent,
    /// Its score.
    pub score: IntentScore,
}

impl Topic<'_> {
    /// Whether it is business.
    #[must_use]
    pub fn is_business(&self) -> bool {
        labels::is_business(&self.intent.id)
    }
}

/// Everything that the decision looks at.
#[derive(Clone)]
pub struct Evidence<'a> {
    /// The message as read.
    pub message: &'a Message,
    /// The request around it.
    pub incoming: &'a Incoming,
    /// What leads wrote.
    pub catalogue: &'a Catalogue,
    /// Every intent, the most probable first.
    pub topics: Vec<Topic<'a>>,
    /// The probability that the message is none of the catalogue's intents.
    pub out_of_scope: f32,
    /// A business intent of an earlier message that this one continues, if this one names none.
    pub pending: Option<&'a Intent>,
    /// How the customer feels.
    pub emotion: EmotionReading,
    /// What is done with the topic: the probability of each of [`Act::ALL`].
    pub acts: [f32; 4],
    /// Filled slots.
    pub slots: Slots,
    /// The day in the shop, for validity dates.
    pub today: jiff::civil::Date,
}

impl<'a> Evidence<'a> {
    /// The probability of an act.
    #[must_use]
    pub fn likelihood(&self, act: Act) -> f32 {
        self.acts[act as usize]
    }

    /// The most probable act.
    #[must_use]
    pub fn act(&self) -> Act {
        let more = |a: &Act, b: &Act| self.likelihood(*a).total_cmp(&self.likelihood(*b));
        Act::ALL.into_iter().rev().max_by(more).unwrap_or(Act::Ask)
    }

    /// The business that a message is about, siblings as one, the most probable first; what it continues if it names
    /// none. An intent that would be answered automatically must reach its threshold, which keeps the stated risk. One
    /// that leads to a question or to a person need only be likely.
    #[must_use]
    pub fn business(&self) -> Vec<&'a Intent> {
        let mut out: Vec<&Intent> = Vec::new();
        let business = self.topics.iter().filter(|topic| topic.is_business() && self.is_understood(topic));
        // Thresholds are chosen for the best intent of a message; a further one must also be likely in itself.
        let best = self.topics.first().map(|topic| topic.score.intent);
        let further = |topic: &&Topic<'_>| Some(topic.score.intent) == best || topic.score.probability >= LIKELY;
        for topic in business.filter(further) {
            let is_sibling =
                |other: &Intent| other.siblings.contains(&topic.intent.id) || topic.intent.siblings.contains(&other.id);
            if !out.iter().any(|other| is_sibling(other)) {
                out.push(topic.intent);
            }
        }
        // A complaint beside its topic is how the topic is brought up; rule 6 sees to it.
        if out.len() > 1 {
            out.retain(|intent| intent.id != labels::COMPLAINT);
        }
        if out.is_empty() {
            out.extend(self.pending);
        }
        out
    }

    fn is_understood(&self, topic: &Topic<'a>) -> bool {
        let answers = || plan(topic.intent, self).is_some_and(|plan| plan.is_safe());
        topic.score.is_confident() || (topic.score.probability >= LIKELY && !answers())
    }

    /// The social intent that the message is, if it holds no business.
    #[must_use]
    pub fn social(&self) -> Option<Topic<'a>> {
        let first = self.topics.first()?;
        let social = labels::SOCIAL.contains(&first.intent.id.as_str());
        (social && first.score.probability >= LIKELY && self.business().is_empty()).then_some(*first)
    }

    /// The intent, if it is likely.
    #[must_use]
    pub fn likely(&self, id: &str) -> Option<Topic<'a>> {
        self.topics.iter().find(|topic| topic.intent.id == id && topic.score.probability >= LIKELY).copied()
    }

    /// Intents worth asking about: up to three, one of a pair of siblings. Business, since the others are no topic.
    #[must_use]
    pub fn candidates(&self) -> Vec<Topic<'a>> {
        let least = self.catalogue.policy().thresholds.candidate;
        let mut out: Vec<Topic<'a>> = Vec::new();
        for topic in self.topics.iter().filter(|topic| topic.is_business() && topic.score.probability >= least) {
            if !out.iter().any(|other| other.intent.siblings.contains(&topic.intent.id)) {
                out.push(*topic);
            }
        }
        out.truncate(3);
        out
    }

    /// Questions back that the bot has asked in a row, up to now. Without a conversation store they are told from the
    /// history: bot messages at its end that are the catalogue's own questions, or close with a question mark.
    #[must_use]
    pub fn asks_in_a_row(&self) -> usize {
        let by_bot = self.incoming.history().iter().rev().filter(|past| past.role != Role::Customer);
        by_bot.take_while(|past| past.role == Role::Bot && self.catalogue.is_question(&past.text)).count()
    }

    /// Who has the conversation.
    #[must_use]
    pub fn handled_by(&self) -> HandledBy {
        self.incoming.request.handled_by
    }

    /// The customer's tier and tags.
    pub(super) fn tier(&self) -> Option<&str> {
        self.incoming.request.customer.as_ref()?.tier.as_deref()
    }

    pub(super) fn has_tag(&self, tag: &str) -> bool {
        self.incoming.request.customer.iter().flat_map(|customer| &customer.tags).any(|own| own == tag)
    }

    pub(super) fn has_attachment(&self) -> bool {
        !self.incoming.request.attachments.is_empty()
    }

    /// Whether a computed fact holds.
    pub(super) fn holds(&self, flag: Flag) -> bool {
        let shop = self.catalogue.shop();
        let shipping = shop.shipping.quote(self.slots.region, self.slots.amount);
        let promotion = self.slots.amount.map(|amount| shop.promotion.quote(amount));
        match flag {
            Flag::RemoteRegion => shipping.is_remote,
            Flag::UnservedRegion => shipping.is_unserved,
            Flag::FreeShipping => shipping.is_free,
            Flag::TierReached => promotion.is_some_and(|promotion| promotion.off > crate::shop::Money::default()),
            Flag::NextTier => promotion.is_some_and(|promotion| promotion.next.is_some()),
        }
    }
}
