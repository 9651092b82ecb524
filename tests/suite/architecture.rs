//! The direction of the arrows: which module may know which, read from the sources as text. `ARCHITECTURE.md` draws
//! the map, this keeps it true.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::{names, shipped};

/// What each module may `use` of the others. Read from the bottom of the program to the top.
const MAY_USE: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("calendar", &[]),
    ("labels", &[]),
    ("yaml", &[]),
    ("region", &["text"]),
    ("shop", &["calendar", "region"]),
    ("lookup", &[]),
    ("orders", &["lookup", "region", "shop", "text"]),
    ("products", &["lookup", "shop", "text", "yaml"]),
    // The outer side of the shop's data: files, and later other systems.
    ("sources", &["config", "facts", "lookup", "orders", "products", "shop", "text", "yaml"]),
    ("incoming", &["text"]),
    ("recorded", &["incoming", "yaml"]),
    // A reply tells the level of its hand-off, which the policy file defines.
    ("reply", &["catalogue", "labels", "text"]),
    ("slots", &["incoming", "region", "reply", "shop", "text"]),
    ("catalogue", &["calendar", "incoming", "labels", "region", "reply", "shop", "slots", "text", "yaml"]),
    // Which events there are, for endpoints that want some, and what states an order can have.
    ("config", &["orders", "ticket", "yaml"]),
    // Outside of everything that decides: files, a database, other systems.
    // Who may call, and how much.
    ("keys", &["yaml"]),
    ("ticket", &["catalogue", "incoming", "labels", "reply"]),
    ("conversation", &["catalogue", "incoming", "reply", "shop", "slots", "text"]),
    ("store", &["catalogue", "config", "conversation", "incoming", "labels", "reply", "ticket"]),
    // The reference of a bundle holds n-grams and a prior, whose shapes are the head's.
    ("model", &["head", "labels", "text", "yaml"]),
    ("head", &["catalogue", "labels", "model", "text"]),
    // What a basket costs: asked in the shape of the API, worked out by the shop.
    ("quote", &["catalogue", "products", "region", "shop"]),
    (
        "policy",
        &["catalogue", "conversation", "facts", "head", "incoming", "labels", "orders", "reply", "slots", "text"],
    ),
    ("answer", &["calendar", "catalogue", "facts", "orders", "policy", "reply", "text"]),
    ("explain", &["catalogue", "head", "labels", "policy"]),
    (
        "facts",
        &[
            "calendar",
            "catalogue",
            "conversation",
            "incoming",
            "lookup",
            "orders",
            "products",
            "quote",
            "shop",
            "slots",
        ],
    ),
    (
        "pipeline",
        &[
            "answer",
            "catalogue",
            "conversation",
            "explain",
            "facts",
            "head",
            "incoming",
            "labels",
            "model",
            "orders",
            "policy",
            "reply",
            "shop",
            "slots",
            "text",
            "ticket",
        ],
    ),
    (
        "engine",
        &[
            "answer",
            "catalogue",
            "config",
            "conversation",
            "explain",
            "facts",
            "head",
            "incoming",
            "lookup",
            "model",
            "pipeline",
            "products",
            "quote",
            "reply",
            "slots",
            "text",
            "yaml",
        ],
    ),
    ("cases", &["catalogue", "engine", "explain", "incoming", "labels", "reply", "text", "yaml"]),
    // A hand-off may become less urgent: levels are the policy's.
    ("compare", &["catalogue", "reply"]),
    ("eval", &["incoming", "labels", "reply", "text"]),
    ("lint", &["catalogue", "head", "labels", "text", "yaml"]),
    // Decides recorded turns anew; the rest of it is a function of what came out.
    (
        "review",
        &["catalogue", "conversation", "engine", "incoming", "labels", "model", "recorded", "reply", "text", "yaml"],
    ),
    ("ticket", &["catalogue", "incoming", "labels", "reply"]),
    ("store", &["catalogue", "config", "conversation", "incoming", "labels", "reply", "ticket"]),
    ("webhooks", &["config", "store", "ticket", "yaml"]),
    // What was kept, added up: shapes of the domain only, never how it is kept.
    ("stats", &["catalogue", "incoming", "labels", "reply", "store", "ticket"]),
    ("live", &["cases", "catalogue", "config", "engine", "lint"]),
    // Everything that a message or a person changes, in one place.
    (
        "desk",
        &[
            "catalogue",
            "conversation",
            "engine",
            "facts",
            "incoming",
            "labels",
            "live",
            "lookup",
            "pipeline",
            "policy",
            "products",
            "quote",
            "reply",
            "stats",
            "store",
            "text",
            "ticket",
        ],
    ),
    ("adapters", &["config", "desk", "incoming", "labels", "reply", "store", "text", "ticket", "webhooks", "yaml"]),
    (
        "http",
        &[
            "adapters", "desk", "incoming", "keys", "labels", "live", "quote", "reply", "stats", "store", "ticket",
            "yaml",
        ],
    ),
    (
        "cli",
        &[
            "adapters",
            "cases",
            "catalogue",
            "compare",
            "config",
            "desk",
            "engine",
            "eval",
            "explain",
            "head",
            "http",
            "incoming",
            "keys",
            "labels",
            "lint",
            "live",
            "lookup",
            "model",
            "orders",
            "products",
            "recorded",
            "reply",
            "review",
            "shop",
            "sources",
            "store",
            "text",
            "ticket",
            "webhooks",
        ],
    ),
    ("main", &["cli"]),
];

/// Names that `lib.rs` lifts to the root, and the modules that they come from.
const LIFTED: [(&str, &str); 10] = [
    ("Classified", "pipeline"),
    ("DecisionKind", "reply"),
    ("Engine", "engine"),
    ("Handled", "pipeline"),
    ("Incoming", "incoming"),
    ("Kept", "pipeline"),
    ("OpenError", "engine"),
    ("Reply", "reply"),
    ("Request", "incoming"),
    ("RequestError", "incoming"),
];

/// Lines of a file without its tests; longer ones have two things to say.
const MAX_LINES: usize = 450;

/// A file of `src/`, its tests and comments left out.
struct Source {
    /// From `src/` on, with forward slashes.
    name: String,
    /// Lines before the tests, comments included.
    lines: usize,
    /// What is compiled into the program.
    code: String,
}

impl Source {
    /// The top-level module that it belongs to.
    fn module(&self) -> &str {
        let first = self.name.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }
}

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let mut sources = Vec::new();
    collect(&shipped("src"), "", &mut sources);
    assert!(sources.len() > 50, "only {} files of `src/` were found", sources.len());
    sources
});

fn collect(folder: &Path, prefix: &str, out: &mut Vec<Source>) {
    for name in names(folder) {
        let (path, name) = (folder.join(&name), format!("{prefix}{name}"));
        if path.is_dir() {
            collect(&path, &format!("{name}/"), out);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !name.ends_with("/tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let tested = text.find("\n#[cfg(test)]").unwrap_or(text.len());
            let program = &text[..tested];
            let code = program.lines().filter(|line| !line.trim_start().starts_with("//"));
            out.push(Source { name, lines: program.lines().count(), code: code.collect::<Vec<_>>().join("\n") });
        }
    }
}

/// The modules of the crate that a source names, by path: `crate::text::…` or `use crate::{Engine, text::…}`.
fn named(source: &Source) -> BTreeSet<String> {
    static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bcrate::(\w+|\{[^;]*\})").unwrap());
    // The library is another crate to the program, under its own name.
    let code = if source.name == "main.rs" { source.code.replace("triage::", "crate::") } else { source.code.clone() };
    let lifted = BTreeMap::from(LIFTED);
    let firsts = |group: &str| -> Vec<String> {
        let mut depth = 0;
        let flat = group.chars().filter(|c| {
            depth += i32::from(*c == '{') - i32::from(*c == '}');
            depth == 1
        });
        let flat: String = flat.collect();
        flat.trim_start_matches('{').split(',').map(|item| item.trim().split("::").next().unwrap().to_owned()).collect()
    };
    let mut out = BTreeSet::new();
    for hit in PATH.captures_iter(&code) {
        let hit = &hit[1];
        let all = if hit.starts_with('{') { firsts(hit) } else { vec![hit.to_owned()] };
        for name in all.into_iter().filter(|name| !name.is_empty()) {
            out.insert(lifted.get(name.as_str()).map_or(name.clone(), |module| (*module).to_owned()));
        }
    }
    out.remove(source.module());
    out
}

#[test]
fn modules_know_only_what_they_may() {
    let may: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in SOURCES.iter().filter(|source| source.name != "lib.rs") {
        let Some(allowed) = may.get(source.module()) else {
            wrong.push(format!("`{}` is a new module: say in MAY_USE what it may use", source.module()));
            continue;
        };
        let named = named(source);
        let strange = named.iter().filter(|name| !allowed.contains(&name.as_str()));
        wrong.extend(strange.map(|name| format!("{} uses `{name}`; allowed: {}", source.name, allowed.join(", "))));
    }
    assert_eq!(wrong, [""; 0], "arrows against the direction");
}

/// A table that allows what nobody does would let arrows in unseen.
#[test]
fn the_table_allows_nothing_that_is_not_done() {
    let mut done: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for source in SOURCES.iter() {
        done.entry(source.module()).or_default().extend(named(source));
    }
    let unused = MAY_USE.iter().flat_map(|(module, allowed)| {
        let done = done.get(module);
        let idle = allowed.iter().filter(move |name| !done.is_some_and(|done| done.contains(**name)));
        idle.map(move |name| format!("`{module}` no longer uses `{name}`"))
    });
    assert_eq!(unused.collect::<Vec<_>>(), [""; 0]);
}

/// Arrows that no change of the table may allow: what each module must never know.
#[test]
fn the_inner_modules_never_know_the_outer_ones() {
    let may: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (module, never) in [
        ("text", &["catalogue", "model", "head", "policy", "pipeline", "engine", "http", "cli"][..]),
        ("yaml", &["text", "catalogue", "model", "head", "policy", "pipeline", "engine", "http", "cli"]),
        ("catalogue", &["model", "head", "policy", "pipeline", "engine", "http", "cli"]),
        ("model", &["http", "cli", "policy", "catalogue", "pipeline", "engine"]),
        ("head", &["policy", "pipeline", "engine", "http", "cli"]),
        ("quote", &["http", "cli", "model", "head", "policy", "pipeline", "engine", "answer"]),
        ("explain", &["http", "cli", "model", "pipeline", "engine", "answer"]),
        ("answer", &["http", "cli", "model", "head", "pipeline", "engine"]),
        ("compare", &["engine", "model", "head", "policy", "pipeline", "http", "cli"]),
        ("eval", &["engine", "model", "head", "policy", "pipeline", "http", "cli"]),
        ("store", &["engine", "model", "head", "policy", "pipeline", "answer", "http", "cli"]),
        ("stats", &["desk", "engine", "model", "head", "policy", "pipeline", "http", "cli"]),
        ("http", &["cli", "model", "head", "policy", "catalogue", "pipeline"]),
        ("adapters", &["cli", "model", "head", "policy", "catalogue", "pipeline", "answer"]),
        ("orders", &["config", "sources", "store", "policy", "pipeline", "engine", "http", "cli"]),
        ("products", &["config", "sources", "store", "policy", "pipeline", "engine", "http", "cli"]),
    ] {
        let allowed = may[module];
        let both: Vec<_> = never.iter().filter(|name| allowed.contains(name)).collect();
        assert!(both.is_empty(), "`{module}` must never use {both:?}");
    }
    for &(module, allowed) in MAY_USE {
        assert!(!allowed.contains(&"http") || module == "cli", "`{module}` must not use `http`");
        assert!(!allowed.contains(&"cli") || module == "main", "`{module}` must not use `cli`");
    }
}

/// Words that may stand in some files only: what, where, and why.
#[test]
fn each_outside_thing_has_one_door() {
    let door = |pattern: &str, doors: &[&str], why: &str| {
        let pattern = Regex::new(pattern).unwrap();
        for source in SOURCES.iter().filter(|source| !doors.iter().any(|door| source.name.starts_with(door))) {
            let hit = pattern.find(&source.code).map(|hit| hit.as_str());
            assert_eq!(hit, None, "{}: {why}", source.name);
        }
    };
    door(r"\baho_corasick::", &["products/", "region/", "slots/"], "many names are looked for at once in few places");
    door(r"\btract(_\w+)?::", &["model/encoder.rs"], "only the encoder knows the inference engine");
    door(r"\btokenizers::", &["model/bundle.rs"], "only the bundle knows the tokenizer");
    door(r"\baxum::|\btower(_http)?::|\butoipa::openapi", &["http/"], "only `http` speaks HTTP");
    door(r"\bclap::", &["cli/", "main.rs"], "only the commands read the command line");
    door(r"\bmarked_yaml::", &["yaml/"], "only `yaml` parses YAML");
    door(r"\bminijinja::", &["catalogue/template.rs", "answer.rs", "eval/page.rs"], "only templates know their engine");
    door(r"\btar::|\bCommand::new", &["cli/diff/version.rs"], "only there is git asked");
    door(r"\bplotters::", &["eval/plots.rs"], "only the plots know how they are drawn");
    door(r"\bquick_junit::", &["cases/junit.rs"], "only the JUnit report knows XML");
    door(r"\banst(yle|ream)::", &["cli/test.rs", "cli/test/"], "only what prints diffs colours them");
    door(
        r"\btempfile::",
        &["cli/test/update.rs", "cli/diff/version.rs"],
        "files of leads are replaced in one place, at once and as a whole; revisions are unpacked in another",
    );
    door(r"\bkodama::", &["review/cluster.rs"], "only the clustering knows how groups are joined");
    door(
        r"\bsimilar::",
        &["cli/test.rs", "cli/test/", "review/patch.rs"],
        "a diff is made for what is to be written, and for what is to be applied",
    );
    door(r"\bhmac::", &["webhooks/"], "only webhooks sign what they send");
    door(r"\bhex::", &["webhooks/", "keys/"], "only signatures and keys are bytes written as text");
    door(r"\bgovernor::", &["keys/budget.rs"], "one place counts what a key may use");
    door(r"\bgetrandom::", &["keys/mod.rs"], "only keys are made at random");
    door(r"\baxum_server::", &["http/"], "only the door knows of connections");
    door(
        r"\b(reqwest|rustls|backon)::",
        &["webhooks/", "sources/http/", "adapters/chatwoot/client.rs", "http/tls.rs"],
        "only these call others, or are called over TLS",
    );
    door(
        r"\burl::",
        &[
            "adapters/chatwoot/client.rs",
            "config/chatwoot.rs",
            "config/connection.rs",
            "config/webhooks.rs",
            "sources/http/",
            "webhooks/",
        ],
        "only endpoints, Chatwoot and the shop's own systems have URLs",
    );
    door(r"\bpercent_encoding::", &["config/connection.rs"], "only there is a URL filled in");
    door(r"\bsubtle::", &["orders/access.rs", "keys/mod.rs"], "only proofs and keys are compared in constant time");
    door(r"\bquick_cache::", &["sources/http/"], "only the connector remembers answers");
    door(r"\bcsv::", &["sources/import.rs"], "only the import reads CSV");
    door(r"\barc_swap::", &["live/mod.rs", "keys/watch.rs"], "one place swaps the engine, another the keys");
    door(r"\brustix::", &["live/change.rs"], "only a change lowers its priority");
    door(r"\bmetrics_exporter_prometheus::", &["http/metrics.rs"], "one place knows how metrics are written");
    door(
        r"\brusqlite(_migration)?::",
        &["store/sqlite/", "sources/table/"],
        "nothing outside of the store and the table of orders knows a database",
    );
    door(
        r"\b(Timestamp|Zoned|DateTime|SystemTime)::now\b|\bSystemTime\b",
        // When a generation was taken up, and when a file was last written, decides about no message.
        &[
            "engine.rs",
            "desk/clock.rs",
            "cli/",
            "live/record.rs",
            "live/watch.rs",
            "sources/mod.rs",
            "sources/products.rs",
        ],
        "the time comes in through the engine and the desk's clock, so that a decision is a function of its inputs",
    );
    door(
        r"\bstd::env\b|\benv::(var|args|temp_dir)",
        &["cli/", "config/chatwoot.rs", "config/connection.rs", "config/webhooks.rs"],
        "the environment is the command line's, and holds the secrets that the configuration names",
    );
    door(r"\bprintln!|\bprint!|\beprint(ln)?!", &["cli/"], "only the commands print");
    door(
        r"\bstd::fs\b|\bfs::(read|write|File)",
        &[
            "catalogue/sources.rs",
            "cli/",
            "config.rs",
            "config/webhooks.rs",
            "eval/error.rs",
            "head/pack.rs",
            "http/tls.rs",
            "keys/",
            "live/watch.rs",
            "model/",
            "recorded.rs",
            "sources/",
            "store/sqlite/",
        ],
        "files are read by few, so that the rest can be tested without",
    );
}

#[test]
fn no_file_is_too_long() {
    let long = SOURCES.iter().filter(|source| source.lines > MAX_LINES);
    let long: Vec<String> = long.map(|source| format!("{}: {} lines", source.name, source.lines)).collect();
    assert_eq!(long, [""; 0], "at most {MAX_LINES} lines before the tests");
}

#[test]
fn nothing_unwraps_outside_tests() {
    for source in SOURCES.iter() {
        assert!(!source.code.contains(".unwrap()"), "{} unwraps; say what is expected, or return it", source.name);
    }
}
