//! `orders:` and `products:` in `config/triage.yaml`: where the shop's own data come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::beside;
use super::connection::{Connection, Fields, RawConnection, Site, Template, template};
use crate::orders::{AfterSalesKind, AfterSalesStep, Limits, OrderState};
use crate::yaml::{Document, Findings};

/// Of an order, and where they are unless told otherwise. Those of items are found within an item.
const ORDER_FIELDS: &[(&str, &str)] = &[
    ("order", ""),
    ("orders", ""),
    ("number", "/number"),
    ("customer", "/customer"),
    ("phone_last4", "/phone_last4"),
    ("state", "/state"),
    ("placed_at", "/placed_at"),
    ("paid_at", "/paid_at"),
    ("dispatched_at", "/dispatched_at"),
    ("delivered_at", "/delivered_at"),
    ("expected_on", "/expected_on"),
    ("carrier", "/carrier"),
    ("tracking", "/tracking"),
    ("region", "/region"),
    ("items", "/items"),
    ("item_product", "/product"),
    ("item_title", "/title"),
    ("item_quantity", "/quantity"),
    ("item_price", "/price"),
    ("item_category", "/category"),
    ("total", "/total"),
    ("after_sales_kind", "/after_sales/kind"),
    ("after_sales_step", "/after_sales/step"),
    ("after_sales_since", "/after_sales/since"),
    ("after_sales_amount", "/after_sales/amount"),
];

/// Of a product, and where they are unless told otherwise.
const PRODUCT_FIELDS: &[(&str, &str)] = &[
    ("product", ""),
    ("id", "/id"),
    ("title_zh", "/title_zh"),
    ("title_en", "/title_en"),
    ("aliases", "/aliases"),
    ("category", "/category"),
    ("price", "/price"),
    ("state", "/state"),
    ("stock", "/stock"),
    ("restock_on", "/restock_on"),
    ("sizes", "/sizes"),
    ("attributes", "/attributes"),
    ("returnable", "/returnable"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OrdersKind {
    None,
    Demo,
    Table,
    Http,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ProductsKind {
    None,
    Demo,
    File,
    Http,
}

/// How another system writes money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MoneyUnit {
    /// 349 or "349.00".
    Yuan,
    /// 34900.
    Fen,
}

/// Whether a product is sold, in another system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductState {
    /// As long as it is in stock.
    OnSale,
    /// Made when ordered.
    MadeToOrder,
    /// No more.
    Discontinued,
}

/// As written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawOrders {
    kind: OrdersKind,
    #[schemars(length(min = 1))]
    demo: String,
    #[schemars(length(min = 1))]
    path: String,
    order_url: Option<String>,
    customer_url: Option<String>,
    http: RawConnection,
    money: MoneyUnit,
    fields: BTreeMap<String, String>,
    states: BTreeMap<String, OrderState>,
    after_sales_kinds: BTreeMap<String, AfterSalesKind>,
    after_sales_steps: BTreeMap<String, AfterSalesStep>,
    limits: RawLimits,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    #[schemars(range(min = 1, max = 10))]
    wrong_per_conversation: u32,
    #[schemars(range(min = 1, max = 100))]
    wrong_per_order_hour: u32,
    #[schemars(range(min = 1, max = 100))]
    wrong_per_customer_day: u32,
    #[schemars(range(min = 1, max = 10_000))]
    wrong_per_hour: u32,
    #[schemars(range(min = 1, max = 10_000))]
    wrong_per_day: u32,
}

/// As written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawProducts {
    kind: ProductsKind,
    #[schemars(length(min = 1))]
    file: String,
    product_url: Option<String>,
    http: RawConnection,
    money: MoneyUnit,
    fields: BTreeMap<String, String>,
    states: BTreeMap<String, ProductState>,
}

impl Default for RawOrders {
    fn default() -> Self {
        Self {
            kind: OrdersKind::Demo,
            demo: "demo_orders.yaml".into(),
            path: "../data/orders.db".into(),
            order_url: None,
            customer_url: None,
            http: RawConnection::default(),
            money: MoneyUnit::Yuan,
            fields: BTreeMap::new(),
            states: BTreeMap::new(),
            after_sales_kinds: BTreeMap::new(),
            after_sales_steps: BTreeMap::new(),
            limits: RawLimits::default(),
        }
    }
}

impl Default for RawLimits {
    fn default() -> Self {
        let Limits { conversation, number_hour, customer_day, all_hour, all_day } = Limits::default();
        Self {
            wrong_per_conversation: conversation,
            wrong_per_order_hour: number_hour,
            wrong_per_customer_day: customer_day,
            wrong_per_hour: all_hour,
            wrong_per_day: all_day,
        }
    }
}

impl Default for RawProducts {
    fn default() -> Self {
        Self {
            kind: ProductsKind::Demo,
            file: "products.yaml".into(),
            product_url: None,
            http: RawConnection::default(),
            money: MoneyUnit::Yuan,
            fields: BTreeMap::new(),
            states: BTreeMap::new(),
        }
    }
}

/// Where orders come from, and how often a second proof may be wrong.
#[derive(Debug, Clone)]
pub struct OrdersConfig {
    /// The source.
    pub source: OrdersSource,
    /// The file that `orders import` fills and that the source `table` reads.
    pub path: PathBuf,
    /// Wrong tries that are allowed.
    pub limits: Limits,
}

/// Where orders come from.
#[derive(Debug, Clone)]
pub enum OrdersSource {
    /// No orders are connected: what is asked about one goes to a person.
    None,
    /// A file with orders whose times are told from now.
    Demo(PathBuf),
    /// A database that is filled by import.
    Table,
    /// The shop's own system.
    Http(Box<OrdersHttp>),
}

/// How the shop's own system is asked for orders.
#[derive(Debug, Clone)]
pub struct OrdersHttp {
    /// By number or tracking number.
    pub order_url: Template,
    /// By customer.
    pub customer_url: Template,
    /// How it is asked.
    pub connection: Connection,
    /// Where our fields are.
    pub fields: Fields,
    /// How it writes money.
    pub money: MoneyUnit,
    /// Its states that are named otherwise.
    pub states: BTreeMap<String, OrderState>,
    /// Likewise.
    pub after_sales_kinds: BTreeMap<String, AfterSalesKind>,
    /// Likewise.
    pub after_sales_steps: BTreeMap<String, AfterSalesStep>,
}

/// Where products come from.
#[derive(Debug, Clone)]
pub enum ProductsSource {
    /// No products are connected: what is asked about one goes to a person.
    None,
    /// The file as shipped.
    Demo(PathBuf),
    /// The shop's file.
    File(PathBuf),
    /// The shop's own system.
    Http(Box<ProductsHttp>),
}

/// How the shop's own system is asked for products.
#[derive(Debug, Clone)]
pub struct ProductsHttp {
    /// By id.
    pub product_url: Template,
    /// How it is asked.
    pub connection: Connection,
    /// Where our fields are.
    pub fields: Fields,
    /// How it writes money.
    pub money: MoneyUnit,
    /// Its states that are named otherwise.
    pub states: BTreeMap<String, ProductState>,
}

impl RawOrders {
    pub(super) fn check(self, file: &Path, document: &Document, findings: &mut Findings) -> Option<OrdersConfig> {
        let site = Site { file, document, at: "/orders" };
        let folder = file.parent().unwrap_or(Path::new("."));
        let limits = self.limits.check(site, findings);
        let addresses =
            Addresses { site, are_needed: self.kind == OrdersKind::Http, allow_http: self.http.allows_http() };
        let order_url = addresses.check("order_url", self.order_url.as_deref(), "number", findings);
        let customer_url = addresses.check("customer_url", self.customer_url.as_deref(), "customer", findings);
        // Checked even where it is not used: it will be one day.
        let fields = Fields::check(self.fields, ORDER_FIELDS, site, findings);
        let connection = self.http.check(site, findings);
        let source = match (self.kind, order_url, customer_url) {
            (OrdersKind::None, ..) => OrdersSource::None,
            (OrdersKind::Demo, ..) => OrdersSource::Demo(beside(folder, &self.demo)),
            (OrdersKind::Table, ..) => OrdersSource::Table,
            (OrdersKind::Http, Some(order_url), Some(customer_url)) => OrdersSource::Http(Box::new(OrdersHttp {
                order_url,
                customer_url,
                connection,
                fields,
                money: self.money,
                states: self.states,
                after_sales_kinds: self.after_sales_kinds,
                after_sales_steps: self.after_sales_steps,
            })),
            (OrdersKind::Http, ..) => return None,
        };
        Some(OrdersConfig { source, path: beside(folder, &self.path), limits })
    }
}

impl RawLimits {
    fn check(self, site: Site<'_>, findings: &mut Findings) -> Limits {
        if self.wrong_per_day < self.wrong_per_hour {
            let message = format!(
                "{} a day is less than the {} that `wrong_per_hour` allows in an hour",
                self.wrong_per_day, self.wrong_per_hour
            );
            site.problem(findings, "limits/wrong_per_day", "bad-limit", message);
        }
        Limits {
            conversation: self.wrong_per_conversation,
            number_hour: self.wrong_per_order_hour,
            customer_day: self.wrong_per_customer_day,
            all_hour: self.wrong_per_hour,
            all_day: self.wrong_per_day,
        }
    }
}

impl RawProducts {
    pub(super) fn check(self, file: &Path, document: &Document, findings: &mut Findings) -> Option<ProductsSource> {
        let site = Site { file, document, at: "/products" };
        let path = beside(file.parent().unwrap_or(Path::new(".")), &self.file);
        let addresses =
            Addresses { site, are_needed: self.kind == ProductsKind::Http, allow_http: self.http.allows_http() };
        let product_url = addresses.check("product_url", self.product_url.as_deref(), "product", findings);
        let fields = Fields::check(self.fields, PRODUCT_FIELDS, site, findings);
        let connection = self.http.check(site, findings);
        let (money, states) = (self.money, self.states);
        Some(match self.kind {
            ProductsKind::None => ProductsSource::None,
            ProductsKind::Demo => ProductsSource::Demo(path),
            ProductsKind::File => ProductsSource::File(path),
            ProductsKind::Http => ProductsSource::Http(Box::new(ProductsHttp {
                product_url: product_url?,
                connection,
                fields,
                money,
                states,
            })),
        })
    }
}

/// What is asked of the addresses of a source.
struct Addresses<'d> {
    site: Site<'d>,
    are_needed: bool,
    allow_http: bool,
}

impl Addresses<'_> {
    /// Checks an address; one that is missing is a problem where it is needed.
    fn check(&self, key: &str, text: Option<&str>, name: &str, findings: &mut Findings) -> Option<Template> {
        let Some(text) = text else {
            if self.are_needed {
                let message = format!("`kind: http` needs `{key}: https://shop.example/api/{{{name}}}`");
                self.site.problem(findings, "kind", "missing-key", message);
            }
            return None;
        };
        let checked = template(text, name, self.allow_http);
        checked.map_err(|message| self.site.problem(findings, key, "bad-url", format!("`{key}`: {message}"))).ok()
    }
}

#[cfg(test)]
mod tests;
