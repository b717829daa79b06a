//! The contracts of the ports as test suites, for whoever writes a backend.
//!
//! A clause is a public function named after what holds. The macros make one test a clause:
//!
//! ```
//! # use glance_core::memory::{MemoryCatalog, MemoryStore};
//! // A name, what runs a future, and what makes a fresh subject with whatever must outlive it.
//! glance_core::catalog_conformance!(
//!     memory, futures::executor::block_on, (MemoryCatalog::default(), ())
//! );
//! // Attributes go on every test.
//! glance_core::image_store_conformance!(
//!     #[ignore = "needs a server"]
//!     elsewhere, futures::executor::block_on, (MemoryStore::default(), ())
//! );
//! ```

#![expect(
    clippy::unwrap_used,
    reason = "a clause fails by panicking, as tests do"
)]

pub mod catalog;
pub mod image_store;
pub mod import_locks;
pub mod intents;
pub mod members;
pub mod metadefs;
pub mod namespace_queries;
pub mod published;
pub mod queries;
pub mod scheduled_deletes;
pub mod tasks;
pub mod usage;

/// Makes a test of each clause of the [`Catalog`](crate::ports::Catalog) contract.
#[macro_export]
macro_rules! catalog_conformance {
    ($(#[$attribute:meta])* $name:ident, $run:path, $make:expr) => {
        mod $name {
            use super::*;

            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, catalog:
                what_is_inserted_is_found_as_it_was
                an_id_is_never_used_twice
                concurrent_inserts_stop_at_the_quota
                concurrent_inserts_stop_at_the_quota_of_queued_images
                the_longest_idle_of_queued_images_come_first
                an_edit_is_stored_and_nothing_else
                an_awaited_hash_is_kept_until_it_is_known
                an_edit_of_what_has_changed_is_a_conflict
                a_change_of_what_is_gone_is_not_found
                a_deleted_image_is_gone_with_all_it_had
                a_property_that_was_removed_can_come_back
                locations_come_and_go
                locations_keep_their_order_whatever_changes
            );
            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, members:
                a_project_is_a_member_once
                a_member_that_was_removed_can_come_back
                members_keep_the_order_in_which_they_came
                an_absent_member_cannot_answer
                members_stop_at_the_quota
                only_the_asking_project_s_membership_is_told
            );
            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, intents:
                an_intent_lives_from_change_to_change
                an_intent_is_found_by_its_id
                an_intent_may_begin_anew_as_it_ends
                an_intent_that_is_there_does_not_begin
                an_intent_that_was_taken_ends_nothing
                a_lease_is_renewed_by_its_holder_alone
                take_overs_are_counted_as_long_as_an_intent_lasts
                what_a_restarted_node_left_is_abandoned
                so_many_of_each_store_are_abandoned_at_a_time
                open_deletes_are_told_by_their_image
                intents_are_told_by_their_image
                data_of_no_image_is_claimed_by_one_at_a_time
            );
            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, import_locks:
                a_lock_is_taken_from_nobody_or_from_whom_the_taker_names
                a_lock_is_dropped_by_whom_it_belongs_and_can_be_taken_again
                a_lock_without_a_task_is_none
                an_edit_does_not_touch_the_lock
                one_of_many_takes_the_lock
                the_lock_goes_with_its_image
                a_task_is_recorded_and_moved_with_a_change
                a_change_is_not_made_without_its_tasks
                an_image_is_created_with_its_import
                an_image_is_not_created_without_all_of_its_import
            );
            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, tasks:
                a_task_is_found_as_it_was
                a_task_moves_from_the_status_that_was_read
                lists_of_tasks_mean_what_their_queries_mean
                pages_of_tasks_follow_each_other_without_gap_or_repeat
                what_has_expired_is_taken_away
                what_has_expired_goes_so_many_at_a_time
            );
            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, queries:
                lists_mean_what_their_queries_mean
                pages_follow_each_other_without_gap_or_repeat
            );
            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, usage:
                usage_is_what_the_images_of_a_project_have
                each_location_counts_while_it_is_there
                concurrent_uploads_stop_at_the_limit_of_bytes
                concurrent_uploads_stop_at_their_own_limit
                a_change_that_passes_a_limit_is_not_made
                what_is_reserved_counts_until_its_upload_ends
                what_is_staged_has_a_limit_of_its_own
                what_counts_as_staged_by_its_image_has_that_limit_too
                only_its_holder_reserves_for_an_upload
            );
        }
    };
}

/// Makes a test of each clause of the [`MetadefCatalog`](crate::ports::MetadefCatalog) contract.
#[macro_export]
macro_rules! metadef_catalog_conformance {
    ($(#[$attribute:meta])* $name:ident, $run:path, $make:expr) => {
        mod $name {
            use super::*;

            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, metadefs:
                a_namespace_is_read_as_it_was_put
                only_the_parts_that_are_wanted_are_read
                a_large_namespace_is_a_namespace
                a_document_is_stored_over_what_is_there
                a_resource_type_stays_as_it_first_came
                nothing_is_left_of_what_is_cleared
                changes_mean_what_they_mean_in_memory
                a_name_is_given_once_however_many_want_it
                names_in_another_case_are_not_mixed_up
            );
            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, namespace_queries:
                lists_mean_what_their_queries_mean
                pages_follow_each_other_without_gap_or_repeat
                lists_hold_associations_alone
            );
        }
    };
}

/// Makes a test of each clause of the [`ScheduledDeletes`](crate::ports::ScheduledDeletes)
/// contract, for a catalog that answers them.
#[macro_export]
macro_rules! scheduled_deletes_conformance {
    ($(#[$attribute:meta])* $name:ident, $run:path, $make:expr) => {
        mod $name {
            use super::*;

            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, scheduled_deletes:
                a_scheduled_image_is_gone_and_its_data_is_not
                deletes_come_due_in_the_order_of_ids
                where_data_is_is_told_page_by_page
                all_images_are_told_in_the_order_of_their_ids
                a_delete_ends_when_no_data_is_left
                a_restored_image_has_all_that_went_with_it
                a_restored_image_is_not_locked
                a_delete_is_taken_back_beside_unrelated_work
                what_was_removed_before_stays_removed
                a_delete_that_is_claimed_or_done_is_not_taken_back
                data_is_claimed_by_one_scrubber_at_a_time
                a_removed_blob_ends_its_intent_and_its_location_at_once
            );
        }
    };
}

/// Makes a test of each clause of the [`ImageStore`](crate::ports::ImageStore) contract.
#[macro_export]
macro_rules! image_store_conformance {
    ($(#[$attribute:meta])* $name:ident, $run:path, $make:expr) => {
        mod $name {
            use super::*;

            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, image_store:
                what_is_written_is_read
                an_empty_blob_is_a_blob
                any_range_is_read_exactly
                nothing_is_readable_before_commit
                an_aborted_blob_is_not_there
                a_dropped_writer_leaves_nothing_readable
                a_blob_is_never_replaced
                an_absent_blob_is_not_found
                a_deleted_blob_is_gone
                discard_removes_what_its_key_left_and_no_more
                sweep_spares_whatever_is_in_use
                a_list_tells_what_is_committed_and_no_more
                vacate_removes_the_blob_of_its_image_alone
                strangers_locations_are_not_owned
                the_canonical_form_of_a_location_leads_there
            );
        }
    };
}

/// Makes a test of each clause of the [`ImageStore`](crate::ports::ImageStore) contract that holds
/// of a store that only reads. The subject is a [`Published`](crate::conformance::published::Published).
#[macro_export]
macro_rules! published_store_conformance {
    ($(#[$attribute:meta])* $name:ident, $run:path, $make:expr) => {
        mod $name {
            use super::*;

            $crate::conformance_tests!([$(#[$attribute])*] $run, $make, published:
                what_is_published_is_read
                any_range_is_read_exactly
                an_absent_blob_is_not_found
                writing_and_deleting_are_unsupported
                there_is_nothing_to_clean_up
                what_there_is_is_not_told
                strangers_locations_are_not_owned
            );
        }
    };
}

/// Makes a test of each clause of a suite. Use the macros named after the ports.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($attributes:tt $run:path, $make:expr, $suite:ident: $($clause:ident)*) => {
        $($crate::conformance_test!($attributes $run, $make, $suite, $clause);)*
    };
}

/// Makes one test. Use the macros named after the ports.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_test {
    ([$(#[$attribute:meta])*] $run:path, $make:expr, $suite:ident, $clause:ident) => {
        #[test]
        $(#[$attribute])*
        fn $clause() {
            $run(async {
                let (subject, _outlives_it) = $make;
                $crate::conformance::$suite::$clause(&subject).await;
            });
        }
    };
}
