use super::{Entity, EntityKind, Message};

/// The original text with personal data (mobile, identity card, bank card, e-mail) replaced by what it is.
///
/// Order and tracking numbers are business keys and stay.
#[must_use]
pub fn mask_personal_data(original: &str, message: &Message) -> String {
    mask(original, message, |entity| entity.kind.is_personal())
}

/// As [`mask_personal_data`], with order and tracking numbers masked too: for pages that are passed on.
#[must_use]
pub fn mask_identifiers(original: &str, message: &Message) -> String {
    mask(original, message, |entity| entity.kind.is_personal() || entity.kind == EntityKind::Order)
}

fn mask(original: &str, message: &Message, hides: impl Fn(&Entity) -> bool) -> String {
    let mut spans = message.entities().iter().filter(|entity| hides(entity)).peekable();
    let mut out = String::with_capacity(original.len());
    for (at, c) in original.chars().enumerate() {
        while spans.next_if(|span| span.original.end <= at).is_some() {}
        match spans.peek() {
            Some(span) if span.original.start == at => out.push_str(label(span.kind)),
            Some(span) if span.original.contains(&at) => {}
            _ => out.push(c),
        }
    }
    out
}

fn label(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Phone => "[phone]",
        EntityKind::IdCard => "[id card]",
        EntityKind::BankCard => "[bank card]",
        EntityKind::Order => "[order]",
        _ => "[e-mail]",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Utterance;

    #[test]
    fn masks_people_and_keeps_orders() {
        for (text, masked) in [
            ("電話１３８１２３４５６７８，訂單202605260001", "電話[phone]，訂單202605260001"),
            ("mail me at A.B@shop.cn please", "mail me at [e-mail] please"),
            ("没有", "没有"),
        ] {
            let message = Message::read(&Utterance::new(text).unwrap());
            assert_eq!(mask_personal_data(text, &message), masked);
        }
        let text = "電話１３８１２３４５６７８，訂單202605260001";
        let message = Message::read(&Utterance::new(text).unwrap());
        assert_eq!(mask_identifiers(text, &message), "電話[phone]，訂單[order]");
    }
}
