//! How databases on servers carry out what they read.

use std::sync::Mutex;

use glance_core::domain::query::{Direction, ImageQuery, Listed, Sort, SortKey};
use glance_core::domain::{Image, Timestamp, Viewer, Visibility};

use super::plans::{FEW, cases};
use super::sql;
use super::sql::database::Database;
use super::turns::Turn;

/// A select, and how a database carries it out.
pub(super) type Plan = (String, Vec<String>);

/// A database that notes how it carries out what it reads.
#[derive(Debug)]
pub(super) struct Explaining<D> {
    pub(super) database: D,
    few: u64,
    pub(super) plans: Mutex<Vec<Plan>>,
}

impl<D> Explaining<D>
where
    Self: Database,
{
    pub(super) fn of(database: D) -> Self {
        Self {
            database,
            few: FEW,
            plans: Mutex::default(),
        }
    }

    /// How the lists of the golden table are read, and every page of every order whose plan is not
    /// `is_by_index`. Plans are in the table as they are `shown`; `scan` is what is said of all
    /// images being read.
    pub(super) async fn table(
        mut self,
        is_by_index: impl Fn(&str, &[String]) -> bool,
        shown: impl Fn(Vec<Plan>) -> Vec<Plan>,
        scan: &str,
    ) -> (String, String) {
        let mut wrong = String::new();
        for (query, viewer) in pages() {
            let first = self.explain(&query, &viewer).await;
            let mut second = query.clone();
            second.page.after = first.last().map(|last| query.sort.position(last));
            assert!(second.page.after.is_some(), "{query:?}");
            assert!(!self.explain(&second, &viewer).await.is_empty());
            for (statement, plan) in self.noted() {
                if !is_by_index(&statement, &plan) {
                    wrong += &format!("{statement}\n{}\n\n", plan.join("\n"));
                }
            }
        }
        let mut table = String::new();
        for case in cases() {
            self.few = case.few;
            self.explain(&case.query, &case.viewer).await;
            table += &case.shown(&shown(self.noted()));
        }
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let idle = sql::images::idle_queued(&self, now, 10).await.unwrap();
        assert_eq!(idle, []);
        let plans = self.noted();
        let (statement, plan) = plans.first().unwrap();
        let plan = plan.join("\n");
        assert!(
            plan.contains("glance_rs_images_idle_queued"),
            "{statement}\n{plan}"
        );
        let project = "p7".parse().unwrap();
        let usage = sql::usage::usage(&self, &project).await.unwrap();
        assert!(usage.images > 0);
        let plans = self.noted();
        assert_eq!(plans.len(), 4);
        for (statement, plan) in plans {
            let plan = plan.join("\n");
            let by_owner = plan.contains("owner") && !plan.contains(scan);
            assert!(by_owner, "{statement}\n{plan}");
        }
        (table, wrong)
    }

    async fn explain(&self, query: &ImageQuery, viewer: &Viewer) -> Vec<Image> {
        sql::list::list(self, query, viewer, self.few, Turn::alone())
            .await
            .unwrap()
    }

    fn noted(&self) -> Vec<Plan> {
        std::mem::take(&mut *self.plans.lock().unwrap())
    }
}

/// The first pages of every order, as an administrator and as a member.
fn pages() -> Vec<(ImageQuery, Viewer)> {
    let mut pages = Vec::new();
    for key in SortKey::ALL {
        for direction in [Direction::Ascending, Direction::Descending] {
            for listed in [Listed::Usual, Listed::All, Listed::Only(Visibility::Public)] {
                for admin in [true, false] {
                    let mut query = ImageQuery {
                        listed,
                        sort: Sort::by([(key, direction)]),
                        ..ImageQuery::default()
                    };
                    query.page.limit = 25;
                    let project = Some("p7".parse().unwrap());
                    pages.push((query, Viewer { project, admin }));
                }
            }
        }
    }
    pages
}
