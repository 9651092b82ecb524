//! What a lead learns from recorded turns: sixty of them, written for this, through the shipped model and catalogue.

use std::process::Command;
use std::sync::LazyLock;

use triage::catalogue::{Catalogue, Severity, Sources};
use triage::recorded;
use triage::review::{Examples, Proposal, Review, observe, patch, render};

use crate::{ENGINE, Workplace, shipped};

fn record() -> std::path::PathBuf {
    shipped("tests/suite/review/week.jsonl")
}

static REVIEW: LazyLock<Review> = LazyLock::new(review);

fn review() -> Review {
    let turns = recorded::read(&record()).unwrap();
    let turns = observe(&ENGINE, turns, &|_| ()).unwrap();
    Review::of(&turns, ENGINE.catalogue())
}

#[test]
fn turns_are_counted_by_what_became_of_them() {
    let summary = &REVIEW.summary;
    assert!(summary.turns >= 60 && summary.conversations < summary.turns, "{summary:?}");
    let counts: Vec<usize> = summary.decisions.iter().map(|counted| counted.count).collect();
    assert_eq!(counts.iter().sum::<usize>(), summary.turns);
    assert_eq!(summary.handoffs.iter().map(|counted| counted.count).sum::<usize>(), counts[2]);
    assert!(summary.handoffs.iter().any(|counted| counted.name == "user_request"), "{summary:?}");
}

#[test]
fn what_nobody_answers_comes_together() {
    let groups = &REVIEW.unanswered.groups;
    // Some of the nine may be taken for something else; the model decides which.
    let engraved = groups.iter().find(|group| group.says.contains("刻")).unwrap();
    assert!(engraved.turns >= 6, "{engraved:?}");
    assert!(engraved.also.iter().all(|say| say.contains("刻")), "{engraved:?}");
    assert_eq!(engraved.proposal, Proposal::NewIntent);
    assert!(groups.is_sorted_by_key(|group| std::cmp::Reverse(group.turns)), "the biggest first");
    assert!(groups.iter().any(|group| group.says.contains("门店")), "{groups:?}");
    let colours = groups.iter().find(|group| group.says.contains("颜色")).unwrap();
    assert_eq!(colours.proposal, Proposal::Examples { intent: "exchange".to_owned() });
    let counted: usize = groups.iter().map(|group| group.turns).sum();
    assert_eq!(counted + REVIEW.unanswered.alone + REVIEW.unanswered.wordless, REVIEW.unanswered.turns);
}

#[test]
fn an_answer_that_did_not_help_is_told() {
    let fee = REVIEW.unhelpful.intents.iter().find(|helped| helped.intent == "shipping_fee").unwrap();
    assert!(fee.repeated >= 1 && fee.escalated >= 1, "{fee:?}");
    let worst = &fee.worst[0];
    assert_eq!((worst.conversation.as_str(), worst.why.as_str()), ("repeats", "user_request"));
    assert_eq!(worst.heard.as_deref(), Some("每单运费 15 元。"));
    assert!(worst.says.as_ref().unwrap().contains("25"), "what the catalogue of today says: {worst:?}");
    let helped = REVIEW.unhelpful.intents.iter().any(|helped| helped.intent == "return_shipping_fee");
    assert!(!helped, "nobody had replied between the two messages of the burst");
}

#[test]
fn the_angry_and_the_happy_stand_out() {
    let ids =
        |rated: &[triage::review::Rated]| -> Vec<String> { rated.iter().map(|one| one.conversation.clone()).collect() };
    assert_eq!(ids(&REVIEW.conversations.most), ["happy"]);
    assert_eq!(ids(&REVIEW.conversations.least), ["angry"]);
    let angry = &REVIEW.conversations.least[0];
    assert!(angry.first_upset < 0.3 && angry.last_upset > 0.7, "{angry:?}");
}

#[test]
fn nobodys_data_is_on_the_page_or_in_the_examples() {
    let whole = serde_json::to_string(&*REVIEW).unwrap() + &render(&REVIEW, "a week");
    for personal in ["13812345678", "王小明", "202605260001"] {
        assert!(!whole.contains(personal), "{personal} is in {whole}");
    }
    for proposed in &REVIEW.examples {
        for text in proposed.zh.iter().chain(&proposed.en) {
            assert!(!text.contains(['[', '<']), "{text}");
        }
    }
}

#[test]
fn the_same_record_gives_the_same_page() {
    assert_eq!(render(&REVIEW, "a week"), render(&review(), "a week"));
}

#[test]
fn the_page_has_its_parts() {
    let page = render(&REVIEW, "a week");
    let headings: Vec<&str> =
        page.lines().filter(|line| line.starts_with('#') && !line.starts_with("### 2.")).collect();
    assert_eq!(
        headings,
        [
            "# Review",
            "## 1. What happened",
            "## 2. Asked and not answered",
            "## 3. Answers that did not help",
            "### `shipping_fee`",
            "## 4. The most and the least satisfied",
            "### Most satisfied",
            "### Least satisfied",
            "## 5. What to do",
        ]
    );
    assert!(page.contains("\n- `exchange`: 「"), "{page}");
    assert!(!page.contains("<b>"), "what customers write is text: {page}");
}

fn sources(place: &Workplace) -> Sources {
    Sources::read(&place.path("intents"), &place.path("config/policy.yaml"), &place.path("config/shop.yaml")).unwrap()
}

/// The texts of the files that a diff of added lines changes, and how many lines it adds.
fn apply(diff: &str, place: &Workplace) -> usize {
    let mut added = 0;
    for file in diff.split("--- a/").skip(1) {
        let name = file.lines().next().unwrap();
        let text = std::fs::read_to_string(place.path(name)).unwrap();
        let mut old = text.lines();
        let mut new: Vec<&str> = Vec::new();
        let hunks = file.lines().skip(2);
        let mut at = 0;
        for line in hunks {
            if let Some(hunk) = line.strip_prefix("@@ -") {
                let start: usize = hunk.split([',', ' ']).next().unwrap().parse().unwrap();
                new.extend(old.by_ref().take(start - 1 - at));
                at = start - 1;
            } else if let Some(line) = line.strip_prefix('+') {
                new.push(line);
                added += 1;
            } else {
                assert_eq!(old.next(), line.strip_prefix(' '), "{name}: nothing is taken away");
                new.push(&line[1..]);
                at += 1;
            }
        }
        new.extend(old);
        place.write(name, &(new.join("\n") + "\n"));
    }
    added
}

#[test]
fn the_patch_adds_lines_and_leaves_the_catalogue_sound() {
    let place = Workplace::new();
    let before = sources(&place);
    let mut examples = REVIEW.examples.clone();
    assert!(examples.iter().any(|proposed| proposed.intent == "exchange" && !proposed.zh.is_empty()), "{examples:?}");
    // Every other file of the catalogue, both languages, and a text that means something to YAML.
    let others = ENGINE.catalogue().intents().iter().map(|intent| Examples {
        intent: intent.id.clone(),
        zh: vec![format!("{} 的事: 怎么办 # 急", intent.id)],
        en: vec![format!("what's up with {}?", intent.id)],
    });
    let others: Vec<Examples> = others.filter(|one| examples.iter().all(|own| own.intent != one.intent)).collect();
    examples.extend(others);
    let patch = patch(&examples, &before);
    assert_eq!(patch.skipped, []);
    let proposed: usize = examples.iter().map(|one| one.zh.len() + one.en.len()).sum();
    assert_eq!(apply(&patch.text, &place), proposed);

    let after = sources(&place);
    let catalogue = Catalogue::check(&after).unwrap_or_else(|findings| panic!("{findings}"));
    let count = |catalogue: &Catalogue| catalogue.intents().iter().map(|intent| intent.examples.len()).sum::<usize>();
    assert_eq!(count(&catalogue), count(&Catalogue::check(&before).unwrap()) + proposed);
    let findings = triage::lint::lint(&after, jiff::civil::date(2026, 11, 23)).only(Severity::Error);
    assert!(findings.is_empty(), "{findings}");
    let marked = after.intents.iter().flat_map(|file| file.text.lines()).filter(|line| line.ends_with("review, check"));
    assert_eq!(marked.count(), proposed);
}

#[test]
fn git_applies_the_patch() {
    let place = Workplace::new();
    let patch = patch(&REVIEW.examples, &sources(&place));
    place.write("review.diff", &patch.text);
    let git = Command::new("git").args(["apply", "review.diff"]).current_dir(place.path("")).output();
    // Where there is no git, the other test has to do.
    let Ok(git) = git else { return };
    assert!(git.status.success(), "{}", String::from_utf8_lossy(&git.stderr));
    let text = std::fs::read_to_string(place.path("intents/exchange.yaml")).unwrap();
    assert!(text.contains(" # proposed by review, check\n"));
}

#[test]
fn what_is_known_is_not_proposed() {
    let catalogue = ENGINE.catalogue();
    let own = catalogue.intents().iter().flat_map(|intent| intent.examples.iter().map(|example| example.say.as_str()));
    let own: std::collections::HashSet<&str> = own.collect();
    for proposed in &REVIEW.examples {
        assert!(catalogue.intent(&proposed.intent).is_some());
        assert!(proposed.zh.iter().chain(&proposed.en).all(|text| !own.contains(text.as_str())), "{proposed:?}");
    }
}
