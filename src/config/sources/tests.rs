use super::*;
use crate::config::Config;

fn check(text: &str) -> Result<Config, Vec<(usize, &'static str, String)>> {
    Config::check(Path::new("config/triage.yaml"), text).map_err(|findings| {
        findings.into_iter().map(|finding| (finding.place.line, finding.code, finding.message)).collect()
    })
}

const ERP: &str = "orders:
  kind: http
  order_url: https://erp.example/o/{number}?key=t0ken
  customer_url: https://erp.example/c?id={customer}
";

fn erp(config: Config) -> OrdersHttp {
    match config.orders.source {
        OrdersSource::Http(http) => *http,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_left_out_has_a_default() {
    let config = check("# nothing").unwrap();
    assert!(matches!(config.orders.source, OrdersSource::Demo(path) if path == Path::new("config/demo_orders.yaml")));
    assert!(matches!(config.products, ProductsSource::Demo(path) if path == Path::new("config/products.yaml")));
    assert_eq!(config.orders.limits, Limits::default());
    let table = check("orders: { kind: table, path: o.db }").unwrap().orders;
    assert!(matches!(table.source, OrdersSource::Table));
    assert_eq!(table.path, Path::new("config/o.db"));
    let erp = erp(check(ERP).unwrap());
    assert_eq!((erp.connection.timeout.as_millis(), erp.connection.retries, erp.money), (800, 1, MoneyUnit::Yuan));
    assert_eq!((erp.fields.get("number"), erp.fields.get("order")), ("/number", ""));
}

#[test]
fn places_are_filled_in_and_escaped() {
    let erp = erp(check(ERP).unwrap());
    for (value, url) in [
        ("202605260001", "https://erp.example/o/202605260001?key=t0ken"),
        ("a/../b?c#d", "https://erp.example/o/a%2F%2E%2E%2Fb%3Fc%23d?key=t0ken"),
        ("单", "https://erp.example/o/%E5%8D%95?key=t0ken"),
    ] {
        assert_eq!(erp.order_url.fill(value).unwrap().as_str(), url);
    }
    for value in ["", ".", ".."] {
        assert!(erp.order_url.fill(value).is_none(), "{value}");
    }
    assert_eq!(erp.customer_url.fill("u 1&x=2").unwrap().as_str(), "https://erp.example/c?id=u%201%26x%3D2");
}

#[test]
fn every_problem_has_its_line() {
    let orders = |more: &str| format!("{ERP}{more}");
    let url =
        |url: &str| format!("orders:\n  kind: http\n  customer_url: https://a.b/{{customer}}\n  order_url: {url}\n");
    for (text, line, code, part) in [
        ("orders: { kind: tabel }".into(), 1, "unknown-word", "`table`?"),
        ("orders:\n  kind: http\n  order_url: https://a.b/{number}\n".into(), 2, "missing-key", "customer_url"),
        ("products:\n  kind: http\n".into(), 2, "missing-key", "product_url"),
        (url("https://a.b/c"), 4, "bad-url", "`{number}` must stand"),
        (url("https://a.b/{number}/{number}"), 4, "bad-url", "exactly once"),
        (url("https://a.b/{number}/{customer}"), 4, "bad-url", "only `{number}`"),
        (url("https://{number}.b/c"), 4, "bad-url", "in the path or the query"),
        (url("https://a.b/c#{number}"), 4, "bad-url", "in the path or the query"),
        (url("http://a.b/{number}?key=t0ken"), 4, "bad-url", "allow_http"),
        (url("ftp://a.b/{number}"), 4, "bad-url", "allowed: https, http"),
        (url("https://u:t0ken@a.b/{number}"), 4, "bad-url", "no user and password"),
        (url("a.b/{number}"), 4, "bad-url", "not a URL"),
        (orders("  http:\n    budget_ms: 100\n"), 6, "bad-budget", "shorter than one try"),
        (orders("  http:\n    retries: 3\n"), 6, "schema", "3"),
        (orders("  http:\n    headers:\n      'X Y': a\n"), 7, "bad-header", "such as Authorization"),
        (orders("  http:\n    headers:\n      X: 'a\tt0ken'\n"), 7, "secret-unreadable", "plain ASCII"),
        (orders("  fields:\n    nubmer: /no\n"), 6, "unknown-key", "`number`?"),
        (orders("  fields:\n    number: no\n"), 6, "bad-pointer", "JSON pointer"),
        (orders("  states:\n    OK: payed\n"), 6, "unknown-word", "allowed: awaiting_payment"),
        ("orders:\n  limits:\n    wrong_per_day: 20\n".into(), 3, "bad-limit", "wrong_per_hour"),
        ("orders:\n  limits:\n    wrong_per_conversation: 0\n".into(), 3, "schema", "0"),
    ] {
        let found = check(&text).err().unwrap_or_else(|| panic!("{text} is taken"));
        let one = (found.len(), found[0].0, found[0].1);
        assert_eq!(one, (1, line, code), "{text}: {found:?}");
        assert!(found[0].2.contains(part) && !found[0].2.contains("t0ken"), "{text}: {found:?}");
    }
}

#[test]
fn headers_come_from_the_file_or_the_environment_and_are_never_printed() {
    let text = format!(
        "{ERP}  http:\n    headers:\n      X-Shop: main-t0ken\n      Authorization: {{ env: ERP_TOKEN, prefix: 'Bearer ' }}\n"
    );
    let erp = erp(check(&text).unwrap());
    let [authorization, shop] = erp.connection.headers.as_slice() else { panic!("{erp:?}") };
    let read =
        |value: &'static str| authorization.value_from(move |name| (name == "ERP_TOKEN").then(|| value.to_owned()));
    assert_eq!(read("abc\n").unwrap().bytes(), b"Bearer abc");
    assert_eq!(shop.value().unwrap().bytes(), b"main-t0ken");
    for findings in [authorization.value_from(|_| None).unwrap_err(), read("a\nt0ken").unwrap_err()] {
        let finding = findings.iter().next().unwrap();
        assert_eq!((finding.place.line, finding.code), (8, "secret-unreadable"), "{findings}");
        assert!(!finding.message.contains("t0ken"), "{findings}");
    }
    assert!(!format!("{erp:?}").contains("t0ken"));
}
