//! The names to look for in messages: the catalogue's, and those of the products, which may be edited while they are served.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::catalogue::Catalogue;
use crate::products::Products;
use crate::slots::Lexicon;

/// A lexicon, with the edition of the products whose names stand in it.
pub(super) struct Words {
    kept: RwLock<(u64, Arc<Lexicon>)>,
    /// Held by who makes another.
    making: Mutex<()>,
}

impl Words {
    pub(super) fn of(catalogue: &Catalogue, products: Option<&dyn Products>) -> Self {
        Self { kept: RwLock::new(read(catalogue, products)), making: Mutex::default() }
    }

    /// The names as they are now. One caller takes up what was edited; the others go on with what was there.
    pub(super) fn now(&self, catalogue: &Catalogue, products: Option<&dyn Products>) -> Arc<Lexicon> {
        let (edition, lexicon) = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        if products.is_none_or(|products| products.edition() == edition) {
            return lexicon;
        }
        let Ok(_making) = self.making.try_lock() else { return lexicon };
        let read = read(catalogue, products);
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = read.clone();
        read.1
    }
}

fn read(catalogue: &Catalogue, products: Option<&dyn Products>) -> (u64, Arc<Lexicon>) {
    // Asked before the names: should these change meanwhile, they are read again with the next message.
    let edition = products.map_or(0, |products| products.edition());
    let names = products.map(|products| products.names()).unwrap_or_default();
    (edition, Arc::new(catalogue.shop().lexicon(names)))
}
