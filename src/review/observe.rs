use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex::Regex;

use crate::engine::Engine;
use crate::incoming::Role;
use crate::labels::{SOCIAL, is_business};
use crate::model::EncoderError;
use crate::recorded::Turn;
use crate::reply::{Reply, ScoredIntent};
use crate::text::{Message, Utterance, mask_identifiers};

/// Longer quotes are cut: a page is read, not searched.
const QUOTE: usize = 60;

/// Probability from which the best intent is what a message is taken to be about.
const LIKELY: f32 = 0.5;

/// Examples looked up for a message that was not understood.
const NEAREST: usize = 3;

/// A recorded turn as the catalogue of today decides it.
pub struct Observed {
    turn: Turn,
    /// The decision.
    pub reply: Reply,
    /// The unit sentence vector.
    pub vector: Vec<f32>,
    /// Intents of the nearest examples with their similarity, nearest first; of turns that were not understood.
    pub nearest: Vec<(String, f32)>,
    message: Message,
}

/// Decides every turn anew, on as many threads as the configuration gives the service; the order stays. `progress` is
/// told how many are done.
///
/// # Errors
/// When the model fails.
pub fn observe(
    engine: &Engine,
    turns: Vec<Turn>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Observed>, EncoderError> {
    let done = AtomicUsize::new(0);
    let one = |turn: Turn| {
        let message = Message::read(turn.incoming.utterance());
        let reply = engine.triage(&turn.incoming);
        let vector = engine.bundle().read(&message)?.vector;
        let mut observed = Observed::of(turn, reply, vector);
        if observed.is_unknown() {
            let near = engine.nearest(&observed.turn.incoming, NEAREST)?;
            observed.nearest = near.into_iter().map(|(id, near)| (id.to_owned(), near.similarity)).collect();
        }
        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(observed)
    };
    let size = turns.len().div_ceil(engine.config().workers.max(1)).max(1);
    let mut rest = turns.into_iter();
    let mut parts: Vec<Vec<Turn>> = Vec::new();
    while rest.len() > 0 {
        parts.push(rest.by_ref().take(size).collect());
    }
    std::thread::scope(|scope| {
        let part = |part: Vec<Turn>| scope.spawn(|| part.into_iter().map(one).collect::<Result<Vec<_>, _>>());
        let threads: Vec<_> = parts.into_iter().map(part).collect();
        let mut out = Vec::new();
        for thread in threads {
            out.extend(thread.join().expect("deciding does not panic")?);
        }
        Ok(out)
    })
}

impl Observed {
    /// Puts a turn beside its decision and its vector.
    #[must_use]
    pub fn of(turn: Turn, reply: Reply, vector: Vec<f32>) -> Self {
        let message = Message::read(turn.incoming.utterance());
        Self { turn, reply, vector, nearest: Vec::new(), message }
    }

    /// Names the conversation.
    pub(super) fn conversation(&self) -> &str {
        &self.turn.conversation
    }

    /// What was written, in the form in which equal texts are equal.
    pub(super) fn message(&self) -> &Message {
        &self.message
    }

    /// What was written, as it was.
    pub(super) fn original(&self) -> &str {
        self.turn.incoming.utterance().as_str()
    }

    /// What was written, for a page.
    pub(super) fn quote(&self) -> String {
        let masked = mask_identifiers(self.original(), &self.message);
        self.shown(&masked)
    }

    /// What the catalogue of today says to it, for a page.
    pub(super) fn says(&self) -> Option<String> {
        self.reply.answer.as_ref().map(|answer| self.shown(&masked(&answer.text)))
    }

    /// What was said to the customer right before this turn, for a page.
    pub(super) fn heard(&self) -> Option<String> {
        let last = self.turn.incoming.history().last().filter(|past| past.role != Role::Customer)?;
        Some(self.shown(&masked(&last.text)))
    }

    /// Whether it is part of a burst: on record, nobody spoke between the customer's last message and this one.
    pub(super) fn continues_burst(&self) -> bool {
        self.turn.incoming.history().last().is_some_and(|past| past.role == Role::Customer)
    }

    /// The code of the deciding reason.
    pub(super) fn reason(&self) -> &str {
        self.reply.reasons.first().map_or("", |reason| reason.code.as_str())
    }

    /// Whether it was not answered for want of knowing: not because of a feeling, a rule, or a value to be asked for.
    pub(super) fn is_unknown(&self) -> bool {
        let codes: Vec<&str> = self.reply.reasons.iter().map(|reason| reason.code.as_str()).collect();
        let code = match codes.as_slice() {
            // One question too many: the question itself comes second.
            ["clarify_limit", asked, ..] => asked,
            [first, ..] => first,
            [] => "",
        };
        match code {
            "low_confidence" => true,
            // An order number alone is understood: it is known what to ask.
            "ambiguous" => self.best().is_none_or(|best| best.id != "provide_info" || best.score < LIKELY),
            // Small talk has an intent of its own, which answered.
            "out_of_scope" => self.reply.answer.as_ref().is_none_or(|answer| answer.intents.is_empty()),
            _ => false,
        }
    }

    /// Whether there are words beside numbers, names, links and the like.
    pub(super) fn has_words(&self) -> bool {
        static VALUES: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"<[a-z]+>|\[[^\[\]]*\]").expect("a constant pattern"));
        VALUES.replace_all(self.message.model(), "").chars().any(char::is_alphabetic)
    }

    /// The most probable intent.
    pub(super) fn best(&self) -> Option<&ScoredIntent> {
        let more = |a: &&ScoredIntent, b: &&ScoredIntent| a.score.total_cmp(&b.score).then_with(|| b.id.cmp(&a.id));
        self.reply.intents.iter().max_by(more)
    }

    /// How probable an intent is.
    pub(super) fn probability(&self, id: &str) -> f32 {
        self.reply.intents.iter().find(|intent| intent.id == id).map_or(0.0, |intent| intent.score)
    }

    /// The business it was answered about, if it was answered at all.
    pub(super) fn answered(&self) -> Option<&str> {
        let answers = self.reply.decision == crate::DecisionKind::Answer && self.reason() == "answered";
        let answer = self.reply.answer.as_ref().filter(|_| answers)?;
        answer.intents.iter().map(String::as_str).find(|id| !SOCIAL.contains(id))
    }

    /// The business it is about, if that is likely.
    pub(super) fn topic(&self) -> Option<&str> {
        // The decided ones come first.
        let first = self.reply.intents.iter().find(|intent| is_business(&intent.id))?;
        let decided = self.answered() == Some(first.id.as_str());
        (decided || first.score >= LIKELY).then_some(first.id.as_str())
    }

    /// Cosine similarity of two turns.
    pub(super) fn similarity(&self, other: &Self) -> f32 {
        self.vector.iter().zip(&other.vector).map(|(a, b)| a * b).sum()
    }

    /// Whether the customer's name, as the request tells it, stands in the text.
    pub(super) fn names_customer(&self) -> bool {
        self.name().is_some_and(|name| self.original().contains(name))
    }

    /// The customer's name as the request tells it. One character would hit words that are no names.
    fn name(&self) -> Option<&str> {
        let name = self.turn.incoming.request.customer.as_ref()?.name.as_deref()?.trim();
        (name.chars().count() > 1).then_some(name)
    }

    /// On one line, cut where it is long, without the customer's name as the request tells it.
    fn shown(&self, masked: &str) -> String {
        let masked = self.name().map_or_else(|| masked.to_owned(), |name| masked.replace(name, "[name]"));
        let line = masked.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(QUOTE) {
            Some((cut, _)) => format!("{}…", &line[..cut]),
            None => line,
        }
    }
}

fn masked(text: &str) -> String {
    match Utterance::new(text) {
        Ok(utterance) => mask_identifiers(text, &Message::read(&utterance)),
        // Too long to be read for personal data.
        Err(_) => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::review::sample::{Told, asked, decided, told};

    #[test]
    fn quotes_hold_nobodys_data() {
        let long = "好".repeat(80);
        for (say, shown) in [
            ("电话13812345678，邮箱 a.b@shop.cn", "电话[phone]，邮箱 [e-mail]".to_owned()),
            ("订单202605260001到哪了", "订单[order]到哪了".to_owned()),
            ("我是王小明\n到哪了", "我是[name] 到哪了".to_owned()),
            (long.as_str(), format!("{}…", "好".repeat(60))),
        ] {
            assert_eq!(told(&Told { say, name: "王小明", ..Told::default() }).quote(), shown);
        }
        let heard =
            told(&Told { after: &["王小明您好，13812345678 对吗"], name: "王小明", ..Told::default() });
        assert_eq!(heard.heard().unwrap(), "[name]您好，[phone] 对吗");
        assert_eq!(told(&Told { say: "王老师", name: "王", ..Told::default() }).quote(), "王老师");
    }

    #[test]
    fn wanting_to_know_is_told_from_other_reasons() {
        for (code, unknown) in [
            ("low_confidence", true),
            ("ambiguous", true),
            ("out_of_scope", true),
            ("answered", false),
            ("slot:order_number", false),
            ("emotion:anger", false),
            ("complaint", false),
            ("policy:charged_twice", false),
            ("clarify_limit", false),
        ] {
            assert_eq!(asked("能刻字吗", code, &[1.0]).is_unknown(), unknown, "{code}");
        }
        assert!(!decided("202605260001", "ambiguous", &[("provide_info", 0.9)], &[1.0]).is_unknown());
        let mut limit = asked("能刻字吗", "clarify_limit", &[1.0]);
        limit.reply.reasons.push(crate::reply::Reason { code: "low_confidence".to_owned(), detail: String::new() });
        assert!(limit.is_unknown(), "the question that was one too many");
    }

    #[test]
    fn numbers_and_signs_are_no_words() {
        for (say, words) in
            [("12345", false), ("[订单x] [ORDERID_1]", false), ("？？", false), ("5 个", true), ("hi", true)]
        {
            assert_eq!(asked(say, "low_confidence", &[1.0]).has_words(), words, "{say}");
        }
    }
}
