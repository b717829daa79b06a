//! The lists whose plans are golden files, on each database.

use glance_core::domain::query::{
    Compare, Direction, Filter, ImageQuery, Listed, NumberField, OneOf, Sort, SortKey, SortValue,
    TextField,
};
use glance_core::domain::{ImageId, MemberStatus, Timestamp, Viewer, Visibility};

/// A list of a member of `p7`.
pub(super) struct Case {
    name: &'static str,
    pub(super) query: ImageQuery,
    pub(super) viewer: Viewer,
    /// Up to how many images of a mark are looked at one by one.
    pub(super) few: u64,
}

impl Case {
    /// How the images of the page are found, of statements and their plans.
    pub(super) fn shown(&self, plans: &[(String, Vec<String>)]) -> String {
        let mut shown = format!("{}\n", self.name);
        let finding = plans
            .iter()
            .filter(|(statement, _)| statement.contains("LIMIT"));
        for (_, plan) in finding {
            for (at, line) in plan.iter().enumerate() {
                let sign = if at == 0 { "-" } else { " " };
                shown += &format!("  {sign} {line}\n");
            }
        }
        shown
    }
}

/// All that a page is asked by (spec/api-images.md §6), where few images match and where many do.
pub(super) fn cases() -> Vec<Case> {
    let tag = |tag: &str| vec![Filter::Tag(tag.to_owned())];
    let common = || Filter::Property("a".to_owned(), "common".to_owned());
    let rare = || Filter::Property("b".to_owned(), "rare".to_owned());
    let text = |field, text: &str| vec![Filter::Text(field, OneOf::exactly(text.to_owned()))];
    let size = Filter::Number(NumberField::Size, Compare::AtLeast, 990);
    let by = |key, direction| ImageQuery {
        sort: Sort::by([(key, direction)]),
        ..ImageQuery::default()
    };
    let newest = || by(SortKey::CreatedAt, Direction::Descending);
    let with = |filters: Vec<Filter>| ImageQuery {
        filters,
        ..newest()
    };
    let shared = |status| ImageQuery {
        listed: Listed::Only(Visibility::Shared),
        member_status: Some(status),
        ..newest()
    };
    let after = |mut query: ImageQuery, first: SortValue| {
        let created = SortValue::Time(Timestamp::from_micros(1_770_000_000_000_000));
        let id = SortValue::Text(Some(ImageId::from_bits(7).to_string()));
        query.page.after = Some(match query.sort.keys().len() {
            2 => vec![created, id],
            _ => vec![first, created, id],
        });
        query
    };
    let name = || SortValue::Text(Some("name 7".to_owned()));
    let by_name = || by(SortKey::Name, Direction::Ascending);
    let cases = [
        ("first page", newest(), FEW),
        ("middle page", after(newest(), name()), FEW),
        ("by name, first page", by_name(), FEW),
        ("by name, middle page", after(by_name(), name()), FEW),
        ("name", with(text(TextField::Name, "name 7")), FEW),
        ("owner", with(text(TextField::Owner, "p8")), FEW),
        ("size", with(vec![size]), FEW),
        ("tag of few", with(tag("rare")), FEW),
        (
            "tag of few, middle page",
            after(with(tag("rare")), name()),
            FEW,
        ),
        ("tag of many", with(tag("common")), MANY),
        ("property of few", with(vec![rare()]), FEW),
        ("property of many", with(vec![common()]), MANY),
        (
            "property of many, and of few",
            with(vec![common(), rare()]),
            FEW,
        ),
        ("few shares", shared(MemberStatus::Accepted), FEW),
        ("many shares", shared(MemberStatus::Accepted), MANY),
    ];
    let case = |(name, mut query, few): (_, ImageQuery, _)| {
        query.page.limit = 25;
        let viewer = Viewer {
            project: Some("p7".parse().unwrap()),
            admin: false,
        };
        Case {
            name,
            query,
            viewer,
            few,
        }
    };
    cases.into_iter().map(case).collect()
}

/// Fills the tables of marks, where images are: on any of the databases.
pub(super) const MARKS: &str = "
    INSERT INTO image_tags (image_id, value, created_at, deleted)
    SELECT id, 'common', created_at, deleted FROM images;
    INSERT INTO image_tags (image_id, value, created_at, deleted)
    SELECT id, 'rare', created_at, deleted FROM images WHERE name IN ('n7', 'name 7');
    INSERT INTO image_properties (image_id, name, value, created_at, deleted)
    SELECT id, 'a', 'common', created_at, deleted FROM images;
    INSERT INTO image_properties (image_id, name, value, created_at, deleted)
    SELECT id, 'b', 'rare', created_at, deleted FROM images WHERE name IN ('n7', 'name 7');
    INSERT INTO image_members (image_id, member, can_share, created_at, deleted, status)
    SELECT id, member, false, created_at, false, 'pending'
    FROM images, (SELECT 'q0' AS member UNION SELECT 'q1' UNION SELECT 'q2' UNION SELECT 'q3') AS q
    WHERE visibility = 'shared';
";

/// More than bear any mark.
pub(super) const FEW: u64 = 1_000_000;

/// Fewer than bear any mark.
const MANY: u64 = 0;
