use futures_util::FutureExt;

use super::*;
use crate::orders::{OrderState, Orders};

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

/// A table with what a file holds.
struct Filled {
    table: Table,
    imported: Imported,
    problems: Vec<String>,
    _folder: tempfile::TempDir,
}

fn imported(name: &str, content: &[u8]) -> Result<Filled, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    let table = Table::open(&folder.path().join("data/orders.db")).unwrap();
    let mut problems = Vec::new();
    let outcome = import(&file, &table, &zone(), &mut |step| {
        if let Step::Bad { line, problem } = step {
            problems.push(format!("{line}: {problem}"));
        }
    });
    let imported = outcome.map_err(|error| error.to_string())?;
    Ok(Filled { table, imported, problems, _folder: folder })
}

impl Filled {
    fn find(&self, number: &str) -> Option<Order> {
        self.table.by_number(number).wait().now_or_never().unwrap().unwrap()
    }
}

#[test]
fn csv_and_json_lines_say_the_same() {
    let csv = "\u{feff}number,customer,phone_last4,state,placed_at,expected_on,items,total,after_sales_kind,after_sales_step,after_sales_since,tracking
202611210007,u-12,13800003306,after_sales,2026-11-21 10:02:00,2026-11-24,QH-1001*1@399.00; QH-1002*2@29.90,458.80,return,refunding,2026-11-22T09:00:00+08:00,SF1390021457788
202611210008,u-12,,paid,2026-11-22T10:02:00+08:00,,\"[{\"\"product\"\":\"\"QH-1001\"\",\"\"title\"\":\"\"纯棉四件套\"\",\"\"quantity\"\":1,\"\"price\"\":\"\"399\"\"}]\",399,,,,
";
    let lines = r#"{"number":"202611210007","customer":"u-12","phone_last4":"3306","state":"after_sales","placed_at":"2026-11-21T10:02:00+08:00","expected_on":"2026-11-24","items":[{"product":"QH-1001","title":"QH-1001","quantity":1,"price":"399.00"},{"product":"QH-1002","title":"QH-1002","quantity":2,"price":"29.90"}],"total":"458.80","after_sales":{"kind":"return","step":"refunding","since":"2026-11-22T09:00:00+08:00"},"tracking":"SF1390021457788"}

{"number":"202611210008","customer":"u-12","state":"paid","placed_at":"2026-11-22T10:02:00+08:00","items":[{"product":"QH-1001","title":"纯棉四件套","quantity":1,"price":"399"}],"total":"399"}
"#;
    let one = imported("orders.csv", csv.as_bytes()).unwrap();
    let two = imported("orders.jsonl", lines.as_bytes()).unwrap();
    for filled in [&one, &two] {
        assert_eq!((filled.imported, &*filled.problems), (Imported { good: 2, bad: 0 }, &[][..]));
    }
    for number in ["202611210007", "202611210008", "SF1390021457788"] {
        let order = one.find(number);
        assert!(order.is_some() && order == two.find(number), "{number}: {order:?}");
    }
    assert_eq!(one.find("SF1390021457788").unwrap().phone_last4.as_deref(), Some("3306"));
    let theirs = one.table.of_customer("u-12").wait().now_or_never().unwrap().unwrap();
    let numbers: Vec<&str> = theirs.iter().map(|order| &*order.number).collect();
    assert_eq!(numbers, ["202611210008", "202611210007"], "the latest first");
    assert_eq!(one.find("202611210009"), None);
}

#[test]
fn good_lines_are_kept_and_bad_ones_named_without_their_values() {
    let csv = b"number,state,placed_at,total,items
202611210001,paid,2026-11-21 10:00:00,1,
202611210002,geheim,2026-11-21T10:00:00+08:00,1,
202611210003,paid,2026-11-21T10:00:00+08:00,1,geheim
202611210004,paid,2026-11-21T10:00:00+08:00
202611210005,paid,2026-11-21T10:00:00+08:00,\xff,
202611210006,paid,2026-11-21T10:00:00+08:00,1,a*x@1
202611210001,paid,2026-11-21T10:00:00+08:00,2,
";
    let filled = imported("orders.csv", csv).unwrap();
    let problems = &filled.problems;
    assert_eq!(filled.imported, Imported { good: 2, bad: 5 }, "{problems:?}");
    let told: Vec<&str> = problems.iter().map(|problem| problem.split_once(' ').unwrap().0).collect();
    assert_eq!(told, ["3:", "4:", "5:", "6:", "7:"], "{problems:?}");
    for (problem, part) in
        problems.iter().zip(["`state`", "`items`", "`line` has more", "not UTF-8", "`items.quantity`"])
    {
        assert!(problem.contains(part) && !problem.contains("geheim"), "{problem}");
    }
    assert_eq!(filled.table.count().unwrap(), 1);
    assert_eq!(filled.find("202611210001").unwrap().total.to_string(), "2", "the later one holds");
    let lines = format!("{{}}\nnull\n{{\"number\"\n\"{}\"\n[1]\n", "x".repeat(LINE));
    let filled = imported("orders.jsonl", lines.as_bytes()).unwrap();
    assert_eq!(filled.imported, Imported { good: 0, bad: 5 });
    assert!(filled.problems[3].contains("more than a million"), "{}", filled.problems[3]);
}

#[test]
fn what_cannot_be_read_at_all_is_an_error() {
    for (name, content, part) in [
        ("orders.xlsx", "", ".csv or .jsonl"),
        ("orders.csv", "", "`number` is missing"),
        ("orders.csv", "number,state,placed_at\n", "`total` is missing"),
        ("orders.csv", "number,state,placed_at,total,colour\n", "column 5 `colour`"),
        ("orders.csv", "number,state,placed_at,total,total\n", "twice"),
        ("orders.csv", "number,13800003306,placed_at,total\n", "column 2 of"),
    ] {
        let error = imported(name, content.as_bytes()).err().unwrap_or_else(|| panic!("{content} is taken"));
        assert!(error.contains(part) && !error.contains("3306"), "{error}");
    }
}

#[test]
fn only_a_file_of_its_own_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "some text that is long enough to be taken for a database".repeat(20)).unwrap();
    let error = Table::open(&path).err().unwrap().to_string();
    assert!(error.contains("is not a database"), "{error}");
    let error = Table::open(&path.join("orders.db")).err().unwrap().to_string();
    assert!(error.contains("`orders.path`"), "{error}");
}

#[test]
fn importing_again_changes_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (folder.path().join("o.csv"), folder.path().join("orders.db"));
    for state in ["paid", "completed"] {
        let rows: String = (0..2500).map(|at| format!("2026112{at:05},{state},2026-11-21 10:00:00,1\n")).collect();
        std::fs::write(&file, format!("number,state,placed_at,total\n{rows}")).unwrap();
        let table = Table::open(&path).unwrap();
        let mut read = Vec::new();
        let outcome = import(&file, &table, &zone(), &mut |step| {
            if let Step::Read(lines) = step {
                read.push(lines);
            }
        });
        assert_eq!((outcome.unwrap().good, read), (2500, vec![1000, 2000]));
        assert_eq!(table.count().unwrap(), 2500);
    }
    let filled = Table::open(&path).unwrap().by_number("202611200007").wait().now_or_never().unwrap().unwrap();
    assert_eq!(filled.unwrap().state, OrderState::Completed);
}

/// What was written is in the file itself once the table is closed, so that it can be copied.
#[test]
fn closing_takes_the_log_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (folder.path().join("o.csv"), folder.path().join("orders.db"));
    std::fs::write(&file, "number,state,placed_at,total\n202611210001,paid,2026-11-21 10:00:00,1\n").unwrap();
    let table = Table::open(&path).unwrap();
    import(&file, &table, &zone(), &mut |_| ()).unwrap();
    assert_eq!(table.count().unwrap(), 1);
    drop(table);
    assert!(!folder.path().join("orders.db-wal").exists());
}

/// A number keeps its hyphens, and is found, and replaced, with and without them.
#[test]
fn a_number_is_one_however_it_is_spelled() {
    let csv = "number,state,placed_at,total,tracking\nTB-2026-1121-07,paid,1795226520,9,YT-77-88-99\nTB2026-112107,cancelled,1795226520,9,YT778899\n";
    let filled = imported("orders.csv", csv.as_bytes()).unwrap();
    assert_eq!((filled.imported, filled.table.count().unwrap()), (Imported { good: 2, bad: 0 }, 1));
    for number in ["TB2026112107", "TB-2026-1121-07", "YT778899", "YT-77-8899"] {
        let order = filled.find(number).unwrap();
        assert_eq!((&*order.number, order.state), ("TB2026-112107", OrderState::Cancelled), "{number}");
    }
    assert_eq!(filled.find(""), None);
}
