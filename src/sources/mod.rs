//! Where the shop's own data come from, as the configuration says: files that are shipped, a table, another system.
//! What may be seen of it is decided by [`Access`]; nothing here knows a customer.

mod demo;
mod http;
mod import;
mod products;
mod read;
mod table;

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

pub use self::import::{Imported, Step, import};
pub use self::products::{BadFile, ProductFile};
pub use self::read::Problem;
pub use self::table::Table;
use crate::config::{Config, OrdersSource, ProductsSource};
use crate::facts::ShopData;
use crate::orders::{Access, Orders};
use crate::products::Products;
use crate::shop::Category;
use crate::yaml::Findings;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Something is wrong with what was written.
    #[error(transparent)]
    Findings(#[from] Findings),
    /// It cannot be read at all.
    #[error("{0}")]
    Failed(String),
}

/// Opens what the configuration names.
///
/// # Errors
/// When a file has problems, or a source cannot be opened.
pub fn open(config: &Config, categories: &[Category]) -> Result<ShopData, OpenError> {
    open_at(config, categories, Arc::new(Timestamp::now))
}

/// The same, with a time that is told: the orders of the demo are told from now.
///
/// # Errors
/// When a file has problems, or a source cannot be opened.
pub fn open_at(config: &Config, categories: &[Category], clock: Clock) -> Result<ShopData, OpenError> {
    let orders = open_orders(config, clock)?.map(|orders| Arc::new(Access::new(orders, config.orders.limits)));
    Ok(ShopData { orders, products: open_products(config, categories)? })
}

/// Opens the orders alone, unguarded: for operators.
///
/// # Errors
/// When a file has problems, or the source cannot be opened.
pub fn open_orders(config: &Config, clock: Clock) -> Result<Option<Arc<dyn Orders>>, OpenError> {
    let zone = config.time_zone.clone();
    Ok(match &config.orders.source {
        OrdersSource::None => None,
        OrdersSource::Demo(path) => Some(Arc::new(demo::Demo::read(path, zone, clock)?)),
        OrdersSource::Table => Some(Arc::new(Table::open(&config.orders.path)?)),
        OrdersSource::Http(http) => Some(Arc::new(http::HttpOrders::open(http, zone, Arc::new(Instant::now))?)),
    })
}

/// Opens the products alone.
///
/// # Errors
/// When the file has problems, or the source cannot be opened.
pub fn open_products(config: &Config, categories: &[Category]) -> Result<Option<Arc<dyn Products>>, OpenError> {
    Ok(match &config.products {
        ProductsSource::None => None,
        ProductsSource::Demo(path) | ProductsSource::File(path) => {
            Some(Arc::new(ProductFile::open(path.clone(), categories.to_vec())?))
        }
        ProductsSource::Http(http) => {
            Some(Arc::new(http::HttpProducts::open(http, config.time_zone.clone(), Arc::new(Instant::now))?))
        }
    })
}

impl From<BadFile> for OpenError {
    fn from(error: BadFile) -> Self {
        match error {
            BadFile::Findings(findings) => Self::Findings(findings),
            unreadable => Self::Failed(unreadable.to_string()),
        }
    }
}
