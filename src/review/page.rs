//! A review as a page for people, in Markdown.

use std::fmt::Write;

use super::share;
use super::{Conversations, Counted, Exchange, Group, Helped, Lean, Proposal, Rated, Review, Summary, Unanswered};

/// Groups shown in full; a page is read in one sitting.
const GROUPS: usize = 40;

/// Intents whose worst exchanges are quoted.
const QUOTED: usize = 6;

/// Writes the page. `title` says what was reviewed, with what.
#[must_use]
pub fn render(review: &Review, title: &str) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = page(&mut out, review, title);
    out
}

fn page(out: &mut String, review: &Review, title: &str) -> std::fmt::Result {
    writeln!(out, "# Review\n\n{}\n", escape(title))?;
    writeln!(
        out,
        "Every turn was decided anew: this is what the catalogue of today does. What customers wrote next they"
    )?;
    writeln!(
        out,
        "wrote to whatever was said at the time. Personal data and order numbers are masked; names are not always"
    )?;
    writeln!(out, "recognised, so mind who gets this page.\n")?;
    summary(out, &review.summary)?;
    unanswered(out, &review.unanswered, review.summary.turns)?;
    unhelpful(out, review)?;
    conversations(out, &review.conversations)?;
    examples(out, review)
}

fn summary(out: &mut String, summary: &Summary) -> std::fmt::Result {
    writeln!(out, "## 1. What happened\n")?;
    writeln!(out, "{} in {}.\n", many(summary.turns, "turn"), many(summary.conversations, "conversation"))?;
    writeln!(out, "| decision | turns | share |\n| --- | ---: | ---: |")?;
    for Counted { name, count, share } in &summary.decisions {
        writeln!(out, "| {name} | {count} | {} |", percent(*share))?;
    }
    for (kind, reasons) in [("Hand-offs", &summary.handoffs), ("Questions back", &summary.asks)] {
        if reasons.is_empty() {
            continue;
        }
        writeln!(out, "\n| {kind}: deciding reason | turns | share | |\n| --- | ---: | ---: | --- |")?;
        for Counted { name, count, share } in reasons {
            writeln!(out, "| `{name}` | {count} | {} | {} |", percent(*share), meaning(name))?;
        }
    }
    writeln!(out)
}

/// What a reason code means, in the words of the guide.
fn meaning(code: &str) -> &'static str {
    match code.split_once(':').map_or(code, |(first, _)| first) {
        "low_confidence" => "nothing fits well enough",
        "ambiguous" => "two or three intents are possible",
        "slot" => "a value is missing that the answer needs",
        "clarify_limit" => "one question back too many",
        "action_needed" => "needs a person's hand",
        "policy" => "a rule of the catalogue wants a person",
        "sensitive" => "a sensitive pattern",
        "emotion" => "the customer is upset",
        "complaint" => "a complaint or a threat",
        "complex" => "too much at once",
        "user_request" => "asks for a person",
        "bot_error" => "the message could not be processed",
        _ => "",
    }
}

fn unanswered(out: &mut String, unanswered: &Unanswered, of: usize) -> std::fmt::Result {
    writeln!(out, "## 2. Asked and not answered\n")?;
    let Unanswered { turns, wordless, groups, alone } = unanswered;
    writeln!(
        out,
        "Not answered for want of knowing (`low_confidence`, `ambiguous`, `out_of_scope`): {}, {} of all.",
        many(*turns, "turn"),
        percent(share(*turns, of))
    )?;
    writeln!(
        out,
        "{} of three and more; {alone} stay single or in pairs, {wordless} hold no words.\n",
        many(groups.len(), "group")
    )?;
    for (at, group) in groups.iter().take(GROUPS).enumerate() {
        self::group(out, at + 1, group)?;
    }
    if groups.len() > GROUPS {
        writeln!(out, "{} smaller; `--json` has them all.\n", many(groups.len() - GROUPS, "further group"))?;
    }
    Ok(())
}

fn group(out: &mut String, number: usize, group: &Group) -> std::fmt::Result {
    writeln!(out, "### 2.{number} {} × {}\n", group.turns, quote(&group.says))?;
    let leans = match group.leans.as_slice() {
        [] => "leans to nothing".to_owned(),
        leans => {
            let one = |Lean { intent, share, .. }: &Lean| format!("`{intent}` {}", percent(*share));
            format!("leans to {}", leans.iter().map(one).collect::<Vec<_>>().join(", "))
        }
    };
    let foreign = percent(group.out_of_scope);
    let proposal = match &group.proposal {
        Proposal::Examples { intent } => format!("examples for `{intent}`"),
        Proposal::Between { first, second } => {
            format!("between `{first}` and `{second}`: near misses that tell them apart, or siblings")
        }
        Proposal::Little => "a new intent? Short: what was said before may tell".to_owned(),
        Proposal::NewIntent => "a new intent?".to_owned(),
        Proposal::Foreign => "foreign to a shop".to_owned(),
    };
    let places = many(group.conversations, "conversation");
    writeln!(out, "**{proposal}** · {places} · {leans} · none of the catalogue {foreign}\n")?;
    for text in &group.also {
        writeln!(out, "- {}", quote(text))?;
    }
    if group.also.is_empty() { Ok(()) } else { writeln!(out) }
}

fn unhelpful(out: &mut String, review: &Review) -> std::fmt::Result {
    let unhelpful = &review.unhelpful;
    writeln!(out, "## 3. Answers that did not help\n")?;
    writeln!(
        out,
        "{} on business in conversations of several turns; after {} of them, the customer asked",
        many(unhelpful.answered, "answer"),
        unhelpful.unhelpful
    )?;
    writeln!(out, "again within two turns, complained, was upset, or wanted a person.\n")?;
    if unhelpful.intents.is_empty() {
        return Ok(());
    }
    writeln!(out, "| intent | answered | asked again | escalated | share |\n| --- | ---: | ---: | ---: | ---: |")?;
    for Helped { intent, answered, repeated, escalated, share, .. } in &unhelpful.intents {
        writeln!(out, "| `{intent}` | {answered} | {repeated} | {escalated} | {} |", percent(*share))?;
    }
    writeln!(out)?;
    for helped in unhelpful.intents.iter().take(QUOTED) {
        writeln!(out, "### `{}`\n", helped.intent)?;
        for exchange in &helped.worst {
            self::exchange(out, exchange)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn exchange(out: &mut String, exchange: &Exchange) -> std::fmt::Result {
    writeln!(out, "- {} ({})", escape(&exchange.conversation), exchange.why)?;
    writeln!(out, "  - customer: {}", quote(&exchange.asked))?;
    for (who, said) in [("today's answer", &exchange.says), ("said at the time", &exchange.heard)] {
        if let Some(said) = said {
            writeln!(out, "  - {who}: {}", quote(said))?;
        }
    }
    writeln!(out, "  - then: {}", quote(&exchange.then))
}

fn conversations(out: &mut String, conversations: &Conversations) -> std::fmt::Result {
    writeln!(out, "## 4. The most and the least satisfied\n")?;
    let rated = many(conversations.rated, "conversation");
    writeln!(
        out,
        "{rated} of three turns and more, by the course of feelings: later turns weigh more, thanks at the end"
    )?;
    writeln!(out, "count for, complaints and the wish for a person against.\n")?;
    for (title, rated) in [("Most satisfied", &conversations.most), ("Least satisfied", &conversations.least)] {
        writeln!(out, "### {title}\n")?;
        if rated.is_empty() {
            writeln!(out, "None stands out.\n")?;
            continue;
        }
        writeln!(out, "| conversation | turns | upset | about | why | |\n| --- | ---: | --- | --- | --- | --- |")?;
        for Rated { conversation, turns, first_upset, last_upset, about, why, says, .. } in rated {
            let about = about.as_ref().map_or("–".to_owned(), |about| format!("`{about}`"));
            let (id, why, says) = (escape(conversation), why.join(", "), quote(says));
            writeln!(out, "| {id} | {turns} | {first_upset:.2} → {last_upset:.2} | {about} | {why} | {says} |")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn examples(out: &mut String, review: &Review) -> std::fmt::Result {
    writeln!(out, "## 5. What to do\n")?;
    if review.examples.is_empty() {
        return writeln!(out, "No examples are proposed.");
    }
    writeln!(
        out,
        "Examples worth adding, if you would have written them: `--patch FILE` writes them as a diff, `git apply FILE`"
    )?;
    writeln!(
        out,
        "applies what you left of it. They lean to the intent; whether they belong there, only you know. Then run"
    )?;
    writeln!(out, "`triage lint` and `triage test`.\n")?;
    for proposed in &review.examples {
        let texts: Vec<String> = proposed.zh.iter().chain(&proposed.en).map(|text| quote(text)).collect();
        writeln!(out, "- `{}`: {}", proposed.intent, texts.join(" · "))?;
    }
    Ok(())
}

fn many(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn quote(text: &str) -> String {
    format!("「{}」", escape(text))
}

/// What customers write is text, never Markdown or HTML: it must neither break a table nor fetch a picture.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '|' | '*' | '_' | '`' | '~' | '(' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::sample::asked;

    #[test]
    fn what_customers_write_is_text() {
        for (text, shown) in [
            ("<img src=x>", "&lt;img src=x>"),
            ("a|b", r"a\|b"),
            (r"a\|b", r"a\\\|b"),
            ("![x](http://x)", r"![x]\(http://x)"),
            ("一\n二", "一 二"),
            ("*很* `好`", r"\*很\* \`好\`"),
            ("[数字x]号到吗？", "[数字x]号到吗？"),
        ] {
            assert_eq!(escape(text), shown);
        }
    }

    #[test]
    fn an_empty_review_is_a_page() {
        let turns = [asked("能刻字吗", "low_confidence", &[1.0])];
        for turns in [&turns[..0], &turns[..]] {
            let page = render(&crate::review::sample::review(turns), "nothing");
            for part in ["## 1.", "## 2.", "## 3.", "## 4.", "## 5.", "None stands out.", "No examples are proposed."] {
                assert!(page.contains(part), "{part}: {page}");
            }
            assert!(!page.contains("NaN"), "{page}");
        }
    }
}
