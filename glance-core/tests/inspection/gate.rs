//! What may become the data of which image (spec/formats.md §4).

use std::fmt::Write as _;

use glance_core::domain::inspect::InspectionRules;
use glance_core::domain::{Image, ImageId, Timestamp};

use super::{in_chunks, samples};

fn image(disk: &str, container: &str) -> Image {
    let mut image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(1));
    image.disk_format = Some(disk.parse().unwrap());
    image.container_format = Some(container.parse().unwrap());
    image
}

#[test]
fn what_is_accepted_matches_the_golden_table() {
    let mut table = String::new();
    for sample in samples::all() {
        let report = in_chunks(&sample.bytes, 4096);
        writeln!(table, "{}", sample.name).unwrap();
        let own = report.findings[0].format.as_str();
        let mut claims = vec![own, "raw", "iso", "vhd", "ami"];
        claims.dedup();
        for claim in claims {
            let answer = match image(claim, "bare").accept(&report, &InspectionRules::default()) {
                Ok(accepted) => format!("accepted, virtual_size {:?}", accepted.virtual_size),
                Err(rejected) => rejected.to_string(),
            };
            writeln!(table, "    as {claim}: {answer}").unwrap();
        }
    }

    expect_test::expect_file!["../golden/inspection_gate.txt"].assert_eq(&table);
}

#[test]
fn no_rule_lets_unsafe_data_in() {
    let lax = InspectionRules {
        require_match: false,
        gpt_nonfatal: vec!["mbr".to_owned()],
    };
    let mut refused = 0;
    for sample in samples::all() {
        let report = in_chunks(&sample.bytes, 4096);
        let is_unsafe = report.faults().any(|fault| fault.check.as_str() != "mbr");
        for claim in ["raw", "iso", "qcow2", "vmdk", "ploop"] {
            let accepted = image(claim, "bare").accept(&report, &lax);
            // A boot sector does not count on a disc.
            assert_eq!(accepted.is_err(), is_unsafe, "{} as {claim}", sample.name);
            refused += usize::from(is_unsafe);
        }
    }

    assert!(refused > 100, "{refused}");
}

#[test]
fn what_does_not_match_is_let_in_where_the_rules_say_so_but_has_no_size() {
    let lax = InspectionRules {
        require_match: false,
        ..InspectionRules::default()
    };
    let report = in_chunks(&samples::named("qcow2 v3"), 4096);

    let accepted = image("iso", "bare").accept(&report, &lax).unwrap();

    assert_eq!(accepted.virtual_size, None);
    assert_eq!(accepted.tolerated.len(), 1);
}

#[test]
fn a_table_of_partitions_may_be_wrong_where_the_rules_say_so() {
    let lax = InspectionRules {
        gpt_nonfatal: vec!["mbr".to_owned()],
        ..InspectionRules::default()
    };
    let report = in_chunks(&samples::named("mbr that is empty"), 4096);
    let raw = image("raw", "bare");

    assert!(raw.accept(&report, &InspectionRules::default()).is_err());
    let accepted = raw.accept(&report, &lax).unwrap();
    assert_eq!(accepted.virtual_size, Some(4096));
    assert_eq!(accepted.tolerated.len(), 1);
}

#[test]
fn of_what_is_in_a_container_nothing_is_known() {
    for sample in samples::all() {
        let report = in_chunks(&sample.bytes, 4096);
        for container in ["ova", "docker", "ami", "compressed"] {
            let accepted = image("qcow2", container).accept(&report, &InspectionRules::default());

            assert_eq!(accepted.unwrap().virtual_size, None, "{}", sample.name);
        }
    }
}
