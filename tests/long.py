"""Variants of tests that take long, and that a shorter test covers too: `--slow` runs them."""

from __future__ import annotations

LONG: dict[str, set[str]] = {
    "checks/test_scorers.py": {
        "test_the_positive_class_can_be_chosen_and_needs_no_warning_then",
        "test_the_rarer_class_is_positive_and_that_is_said[precision]",
        "test_the_rarer_class_is_positive_and_that_is_said[average_precision]",
    },
    "checks/test_template.py": {
        "test_a_run_keeps_to_its_template_and_begins_with_pipelines_that_fit",
    },
    "deploy/test_folder.py": {"test_other_tasks_and_members_are_deployed[multiclass]"},
    "evaluation/test_scorers.py": {
        "test_a_scorer_that_says_nothing_scores_the_same[False-multiclass]"
    },
    "evaluation/test_sharing.py": {
        "test_a_primitive_that_writes_scores_as_its_polite_twin_and_changes_no_other[binary]",
    },
    "export/test_constructed.py": {
        f"test_a_file_predicts_the_same_and_names_the_columns[{name}]"
        for name in (
            *("one formula-regression", "pairs-regression", "groups-regression"),
            *("crosses-regression", "subsets-regression", "all-regression"),
            *("pairs-binary", "crosses-binary", "formulas of a formula-binary"),
        )
    },
    "export/test_source_file.py": {
        "test_a_program_fits_a_csv_and_writes_predictions_and_probabilities",
    },
    "faults/test_fit.py": {"test_a_run_leaves_no_process_and_no_file[120]"},
    "faults/test_pool.py": {
        "test_a_mapped_table_does_not_count_as_the_memory_of_each_worker",
        "test_a_script_without_a_main_guard_is_not_run_again_by_its_workers",
        "test_no_job_fails_however_long_a_leak_goes_on",
    },
    "faults/test_system.py": {"test_all_streams_may_be_closed"},
    "hostile/test_hostile.py": {
        f"test_a_hostile_table_ends_with_a_usable_model_in_time[{name}]"
        for name in (
            *("wide", "wider", "wide_strings", "many_cells", "many_rows"),
            *("ten_thousand_classes", "sixty_classes", "given_away"),
        )
    },
    "primitives/test_constructed.py": {
        f"test_a_target_of_noise_is_predicted_at_chance[{name}]"
        for name in (
            *("Formula-multiclass", "PairFormulas-multiclass", "GroupStatistics-multiclass"),
            *("Formula-regression", "PairFormulas-regression", "GroupStatistics-regression"),
        )
    },
    "primitives/test_early_stopping.py": {
        "test_held_out_rows_count_by_their_weights[HistGradientBoosting-binary]",
        "test_a_class_of_one_row_is_fitted_on_whatever_is_set_aside[CatBoost]",
    },
    "primitives/test_inner_splits.py": {
        "test_no_primitive_splits_where_rows_belong_together[regression]",
    },
    "primitives/test_weights.py": {
        "test_an_exported_program_fits_with_the_weights_in_a_column[regression]",
    },
    "run/test_evolve.py": {
        "test_time_begins_it_once_and_at_the_same_candidate_when_resumed",
        "test_the_run_is_the_same_with_any_number_of_workers[2]",
    },
    "run/test_final_fit.py": {
        "test_nothing_without_limits_and_the_model_is_the_same_on_any_number_of_workers",
        "test_a_fold_that_takes_too_long",
        "test_a_winner_and_a_member_that_cannot_be_fitted_on_all_rows_are_logged[killed-crash: ]",
    },
    "run/test_honest_score.py": {
        "test_the_same_seed_gives_the_same_and_pickles_and_run_folders_keep_it",
    },
    "test_cli.py": {"test_fit_predict_export_and_the_exported_program_agree[multiclass]"},
    "test_cli_runs.py": {"test_a_run_of_python_is_continued_with_its_table[resume]"},
    "test_documentation.py": {
        f"test_the_code_of_a_page_runs[docs/how-to/{name}.md]"
        for name in ("report", "weights-and-imbalance", "plots")
    },
    "test_ecosystem.py": {"test_a_model_is_the_same_and_silent[regression-polars]"},
    "test_estimators.py": {
        "test_the_front_is_refined_and_the_search_is_replayed[True]",
        "test_predictions_are_those_of_the_ensemble_or_else_the_winner[multiclass]",
    },
    "test_examples.py": {"test_an_example_runs[edge_device.py]"},
    "test_limits.py": {
        "test_the_ensemble_is_within_the_limits_of_the_whole",
        "test_a_slow_model_is_stopped_by_the_seconds_of_a_row_or_of_a_batch",
        "test_a_limit_stops_the_same_candidates_when_the_run_is_continued",
    },
    "test_several_targets.py": {
        "test_the_command_line_takes_several_targets[multilabel]",
        "test_a_model_predicts_all_targets_and_its_file_does_the_same[multioutput]",
        "test_a_column_that_gives_one_of_the_targets_away_is_found[multilabel]",
    },
}
"""Names of the variants, by the file in which they are."""
