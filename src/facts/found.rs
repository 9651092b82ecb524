//! Looking up: what a message needs of the shop's data, and what was found.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::order::{self, OrderFound};
use super::scene::Scene;
use super::values;
use crate::lookup::{Lookup, Unavailable};
use crate::orders::{Access, Order, Seen, Viewer};
use crate::products::{Product, Products};
use crate::slots::Slots;

/// Products looked up for one message, at most.
const MOST_PRODUCTS: usize = 20;

/// The shop's own data, as answers are computed from them.
#[derive(Clone, Default)]
pub struct ShopData {
    /// Orders, with the guard over them; none where the shop has connected none.
    pub orders: Option<Arc<Access>>,
    /// Products; none where the shop has connected none.
    pub products: Option<Arc<dyn Products>>,
}

/// What was looked up for a message.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The order that it is about.
    pub order: OrderFound,
    /// The product that it is about.
    pub product: Option<Product>,
    /// All products looked up: that one, those of the basket and of the order.
    pub products: Vec<Product>,
}

/// What a message needs looked up, and for whom.
pub(crate) struct Need<'a> {
    /// Whether a topic of the message is about an order.
    pub(crate) order: bool,
    /// Whether it is about the goods of an order: what they are, and what they cost now.
    pub(crate) items: bool,
    /// Whether it is about a product.
    pub(crate) product: bool,
    /// Whether it is about a basket.
    pub(crate) basket: bool,
    pub(crate) slots: &'a Slots,
    pub(crate) scene: &'a Scene,
    /// The product that the customer looks at.
    pub(crate) context_product: Option<&'a str>,
    pub(crate) viewer: Viewer<'a>,
    pub(crate) now: Timestamp,
}

impl Found {
    /// Looks up what is needed.
    ///
    /// # Errors
    /// The first answer that has to be waited for.
    pub(crate) fn look_up(need: &Need<'_>, data: &ShopData, known: &Known) -> Result<Self, Pending> {
        let asking = Asking { data, known, viewer: need.viewer, now: need.now };
        let order = if need.order { order::find(&asking, need.slots)? } else { OrderFound::Unasked };
        let mut products: Vec<Product> = Vec::new();
        let mut fetch = |id: &str| -> Result<Option<Product>, Pending> {
            if let Some(known) = products.iter().find(|product| product.has_id(id)) {
                return Ok(Some(known.clone()));
            }
            let found = asking.product(id)?.ok().flatten();
            products.extend(found.clone());
            Ok(found)
        };
        let product = match meant(need).filter(|_| need.product) {
            Some(id) => fetch(id)?,
            None => None,
        };
        if need.basket {
            // A line that names no product could not be read.
            let named = need.scene.basket.iter().filter(|line| !line.product.is_empty());
            for line in named.take(MOST_PRODUCTS) {
                fetch(&line.product)?;
            }
        }
        if need.items {
            for item in order.order().into_iter().flat_map(|order| &order.items).take(MOST_PRODUCTS) {
                fetch(&item.product)?;
            }
        }
        Ok(Self { order, product, products })
    }

    /// A product that was looked up.
    #[must_use]
    pub fn product(&self, id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.has_id(id))
    }

    /// What a person who takes over need not look up again.
    #[must_use]
    pub fn lookups(&self) -> Vec<Value> {
        let order = self.order.order().map(|order| json!({ "order": values::of_order(order) }));
        let product = self.product.as_ref().map(|product| json!({ "product": product.id, "price": product.price }));
        order.into_iter().chain(product).collect()
    }
}

/// The product that a message is about: the one that it names, that the customer looks at, or that was named before.
fn meant<'a>(need: &Need<'a>) -> Option<&'a str> {
    let named = need.slots.names("product").then_some(()).and_then(|()| need.slots.products.first());
    named.map(String::as_str).or(need.context_product).or(need.slots.products.first().map(String::as_str))
}

/// What is asked of the shop's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// An order by its number, for whoever asks, with the digits that they gave.
    Order(String, Option<String>),
    /// The orders of the verified customer.
    Own,
    /// A product.
    Product(String),
}

/// What the shop's data say to it.
#[derive(Debug, Clone)]
pub(crate) enum Finding {
    Order(Result<Seen, Unavailable>),
    Own(Result<Vec<Order>, Unavailable>),
    Product(Result<Option<Box<Product>>, Unavailable>),
}

/// What has been found out for one message so far. Clones are the same. A message that had to wait for an answer, or whose
/// conversation was changed meanwhile, is decided again with it: what was asked once is not asked again, and wrong digits
/// count once.
#[derive(Debug, Clone, Default)]
pub struct Known {
    findings: Arc<Mutex<Vec<(Want, Finding)>>>,
    is_trial: bool,
}

impl Known {
    /// For a message of which nobody hears what is decided, where that is so.
    #[must_use]
    pub fn on_trial(is_trial: bool) -> Self {
        Self { is_trial, ..Self::default() }
    }

    fn finding(&self, want: &Want) -> Option<Finding> {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        findings.iter().find(|(known, _)| known == want).map(|(_, finding)| finding.clone())
    }

    fn add(&self, want: Want, finding: Finding) {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).push((want, finding));
    }
}

/// An answer that has to be waited for.
pub struct Pending {
    want: Want,
    answer: BoxFuture<'static, Finding>,
}

impl Pending {
    /// Waits for it, and adds it to what is known.
    pub async fn settle(self, known: &Known) {
        known.add(self.want, self.answer.await);
    }
}

/// Who asks, and when.
pub(super) struct Asking<'a> {
    pub(super) data: &'a ShopData,
    pub(super) known: &'a Known,
    pub(super) viewer: Viewer<'a>,
    pub(super) now: Timestamp,
}

impl Asking<'_> {
    /// An order by its number or tracking number.
    pub(super) fn order(&self, access: &Access, number: &str) -> Result<Result<Seen, Unavailable>, Pending> {
        let viewer = Viewer { is_trial: self.known.is_trial, ..self.viewer };
        let want = Want::Order(number.to_owned(), viewer.digits.map(str::to_owned));
        let finding = self.ask(want, || asked(access.see(number, viewer, self.now), Finding::Order))?;
        Ok(match finding {
            Finding::Order(seen) => seen,
            _ => Err(Unavailable("another question was answered")),
        })
    }

    /// The customer's own orders, the latest first.
    pub(super) fn own(&self, access: &Access, customer: &str) -> Result<Result<Vec<Order>, Unavailable>, Pending> {
        let finding = self.ask(Want::Own, || asked(access.own(customer), Finding::Own))?;
        Ok(match finding {
            Finding::Own(orders) => orders,
            _ => Err(Unavailable("another question was answered")),
        })
    }

    /// A product by its id.
    pub(super) fn product(&self, id: &str) -> Result<Result<Option<Product>, Unavailable>, Pending> {
        let Some(products) = &self.data.products else { return Ok(Err(Unavailable("no products are connected"))) };
        let finding = self.ask(Want::Product(id.to_owned()), || {
            asked(products.by_id(id), |found| Finding::Product(found.map(|product| product.map(Box::new))))
        })?;
        Ok(match finding {
            Finding::Product(product) => product.map(|product| product.map(|product| *product)),
            _ => Err(Unavailable("another question was answered")),
        })
    }

    fn ask(&self, want: Want, look_up: impl FnOnce() -> Asked) -> Result<Finding, Pending> {
        if let Some(finding) = self.known.finding(&want) {
            return Ok(finding);
        }
        match look_up() {
            Asked::Now(finding) => {
                self.known.add(want, (*finding).clone());
                Ok(*finding)
            }
            Asked::Later(answer) => Err(Pending { want, answer }),
        }
    }
}

/// A look-up whose answer is a finding, also where the source cannot tell.
enum Asked {
    Now(Box<Finding>),
    Later(BoxFuture<'static, Finding>),
}

fn asked<T: Send + 'static>(
    lookup: Lookup<T>,
    finding: impl FnOnce(Result<T, Unavailable>) -> Finding + Send + 'static,
) -> Asked {
    match lookup {
        Lookup::Now(answer) => Asked::Now(Box::new(finding(answer))),
        Lookup::Later(answer) => Asked::Later(Box::pin(async move { finding(answer.await) })),
    }
}
