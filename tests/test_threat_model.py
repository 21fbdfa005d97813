"""The threat model in SECURITY.md: each of its statements names the tests that attack it, and those are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

PAGE = (ROOT / ".github" / "SECURITY.md").read_text(encoding="utf-8")
HELD = {
    "Plans, state, logs, reports and error messages hold references": (
        "properties/test_values_stay_out.py::test_no_stored_byte_is_a_variables",
        "cli/test_runs.py::test_secrets_stay_out_of_everything",
        "pipelines/test_summaries_hold_no_secret.py::test_no_manifest_of_a_branch_brings_a_secret_into_the_summary",
        "pipelines/test_summaries_hold_no_secret.py::test_no_editor_of_the_account_does_who_repeats_a_secret",
    ),
    "in base64, with invisible characters dropped, wrapped or cut short": (
        "core/secrets/test_redact_text.py::test_no_secret_survives",
        "core/secrets/test_redact_text.py::test_every_spelling_is_replaced",
        "core/secrets/test_redact_text.py::test_a_secret_that_was_cut_short",
    ),
    "Passwords and tokens inside URLs are hidden whoever wrote them": (
        "core/secrets/test_redact_text.py::test_credentials_of_urls_are_hidden_whether_known_or_not",
    ),
    "nowhere but into the request that needs them": (
        "scenarios/test_where_keys_go.py::test_no_account_address_of_a_branch_gets_the_key",
        "properties/test_values_stay_out.py::test_no_stored_byte_is_a_variables",
    ),
    "pass through one redactor that knows the values of this run": (
        "cli/test_runs.py::test_secrets_stay_out_of_everything",
    ),
    "| an address or DSN that is `{env: X}` and nothing else | always": (
        "core/test_operator_trust.py::test_what_is_the_operators",
    ),
    "have a variable sent as a credential to a host that is yours": (
        "scenarios/test_where_keys_go.py::test_no_account_address_of_a_branch_gets_the_key",
        "scenarios/test_reading_commands.py::test_a_reading_command_sends_get_alone",
    ),
    "lie about the account or the state, and so about what a plan says": (
        "properties/test_hostile_answers.py::test_no_answer_makes_a_bug",
        "properties/test_hostile_states.py::test_nothing_that_is_stored_makes_a_bug",
    ),
    "shorter ones are hidden at their own place": (
        "core/secrets/test_redact_text.py::test_short_texts_are_not_looked_for",
    ),
    "the workspace's and the project's name stay readable": (
        "core/secrets/test_redact_text.py::test_names_that_were_spared_stay_readable",
    ),
    "No length and no fragment is kept": ("properties/test_values_stay_out.py::test_no_stored_byte_is_a_variables",),
    "Redirects to another host or to plain HTTP are refused": (
        "scenarios/test_where_keys_go.py::test_credentials_follow_no_redirect",
        "scenarios/test_where_keys_go.py::test_no_account_address_of_a_branch_gets_the_key",
    ),
    "What is for machines stays as it is": ("cli/test_output.py::test_what_is_for_machines_stays_as_it_is",),
    "A link that is committed leads nothing that is written": (
        "api/test_output_files.py::test_a_committed_link_leads_no_file_out_of_the_repository",
        "api/test_output_files.py::test_no_command_writes_through_a_committed_link",
    ),
    "It holds no secret, loads nothing": ("api/test_watch_server.py::test_nothing_in_it_is_markup_or_secret",),
    "what it refuses ends the run with exit code 3": (
        "scenarios/test_where_keys_go.py::test_no_account_address_of_a_branch_gets_the_key",
        "scenarios/test_where_keys_go.py::test_no_state_address_of_a_branch_gets_a_credential",
    ),
    "for the real path of one project file, each host with its port and each command exactly": (
        "api/test_trust.py::test_trust_is_kept_for_one_project_file",
        "api/test_trust.py::test_it_is_its_owners_alone",
        "core/test_operator_trust.py::test_the_trust_file_is_exact_about_hosts_and_commands",
    ),
    "On a terminal a run asks once": ("cli/test_trust.py::test_somebody_at_a_terminal_is_asked_once",),
    "texts are escaped in terminals and reports": (
        "reporters/test_hidden_characters.py::test_what_people_read_obeys_nothing",
        "platforms/livekit/test_agent_settings.py::test_nothing_of_the_account_is_markup_in_what_was_not_carried",
        "reporters/test_notification.py::test_teams_gets_a_card",
    ),
    "A redirect takes no key along": ("scenarios/test_where_keys_go.py::test_credentials_follow_no_redirect",),
    "A store sees prompts, unless `encryption` is set, and digests, never a secret": (
        "properties/test_values_stay_out.py::test_no_stored_byte_is_a_variables",
    ),
    "A plan that contradicts any of it is refused (5)": (
        "engine/test_forged_plans.py::test_a_forged_plan_is_refused_and_nothing_is_sent",
    ),
    "So is a file that holds a key twice": (
        "core/planning/test_plan_file.py::test_a_plan_with_a_key_twice_is_refused",
    ),
    "What the file says of its own blocks counts for nothing (3)": (
        "engine/test_forged_plans.py::test_flags_and_blocks_that_are_taken_out_are_worked_out_again",
    ),
    "The flags stand in the plan and on the first line of every report for people": (
        "cli/test_runs.py::test_every_report_says_with_which_flags_its_plan_was_made",
        "engine/test_forged_plans.py::test_what_passes_sends_and_shows_the_same",
    ),
    "a note of the change has to say so": (
        "engine/test_forged_plans.py::test_a_forged_plan_is_refused_and_nothing_is_sent",
    ),
    "With the key plans and the yes to them are signed, and what is not counts for nothing": (
        "api/test_watch_requests.py::test_with_a_key_a_yes_that_was_not_signed_with_it_is_none",
    ),
    "**State keeps a digest of a secret**": (
        "properties/test_values_stay_out.py::test_no_stored_byte_is_a_variables",
    ),
    "Headers and query parameters are secret where their name or the look of their value says so": (
        "core/secrets/test_plain_headers.py::test_settings_are_plain",
        "core/secrets/test_plain_headers.py::test_a_credentials_name_hides_every_value",
        "core/secrets/test_plain_headers.py::test_a_credentials_look_is_hidden_under_any_name",
    ),
    "**A literal secret in a manifest is an error**": (
        "cli/test_validate.py::test_no_file_of_the_repository_accepts_a_literal_secret",
        "core/test_linting.py::test_no_baseline_accepts_an_error_about_a_secret",
        "engine/plan/test_make_plan.py::test_literal_secrets_are_told_apart_and_never_shown",
    ),
    "**A key travels to its own host only**": (
        "scenarios/test_where_keys_go.py::test_no_account_address_of_a_branch_gets_the_key",
        "scenarios/test_where_keys_go.py::test_credentials_follow_no_redirect",
    ),
    "**Reading commands cannot write**": (
        "scenarios/test_reading_commands.py::test_a_reading_command_sends_get_alone",
        "platforms/tavus/client/test_tavus_transport.py::test_the_gate_lets_nothing_but_get_through",
    ),
    "**Text of servers and manifests is escaped**": (
        "reporters/test_hidden_characters.py::test_what_people_read_obeys_nothing",
    ),
    "**A log orders nothing about.**": (
        "cli/test_output.py::test_nothing_that_a_stranger_wrote_orders_a_ci_system_about",
    ),
    "**Files named in manifests stay inside the project folder**": (
        "manifests/tree/test_file_tree.py::test_without_git_links_stay_in_the_folder_that_holds_the_project",
        "api/test_output_files.py::test_no_command_writes_through_a_committed_link",
    ),
    "**git runs nothing of the repository's**": (
        "manifests/tree/test_source_version.py::test_no_filter_hook_or_monitor_of_the_repository_runs",
        "manifests/tree/test_source_version.py::test_a_bare_repository_among_the_files_is_none",
    ),
    "**The page of a watcher**": (
        "api/test_watch_server.py::test_it_only_tells",
        "api/test_watch_server.py::test_a_name_that_was_made_to_lead_here_reads_nothing",
        "api/test_watch_server.py::test_nothing_in_it_is_markup_or_secret",
    ),
    "**A cache proves itself**": (
        "api/test_cache_folder.py::test_whatever_happens_to_the_bytes_is_noticed",
        "api/test_cache_folder.py::test_a_link_on_the_way_is_an_obstacle",
        "api/test_cache_folder.py::test_what_git_tracks_is_an_obstacle",
        "api/test_cache_folder.py::test_no_key_of_the_repository_or_of_others",
        "api/test_plan_cache.py::test_an_apply_looks_for_itself",
    ),
    "With `fleet worker --below` a worker makes rounds of the projects in those folders alone": (
        "api/test_fleet.py::test_a_worker_makes_no_round_of_a_project_elsewhere",
    ),
    "**The history of a fleet on Temporal**": (
        "api/test_fleet.py::test_what_goes_into_a_history_goes_through_the_gate",
        "cli/test_fleet.py::test_no_secret_stands_in_the_history",
    ),
    "an object that looks like our mark for a variable stays data": (
        "platforms/livekit/test_agent_settings.py::test_data_that_looks_like_a_variable_stays_data",
        "platforms/livekit/test_node_files.py::test_code_is_the_same_whatever_a_persona_says",
        "platforms/livekit/test_node_files.py::test_handlers_hold_names_and_descriptions_in_strings_and_comments_only",
    ),
    "0600 from the first byte": (
        "test_fsio.py::test_nobody_else_reads_it_while_it_is_written",
        "backends/test_local.py",
        "platforms/tavus/simulator/test_world_store.py",
    ),
    "an address that is written out, or stands in a file": (
        "scenarios/test_where_keys_go.py::test_no_state_address_of_a_branch_gets_a_credential",
        "core/test_operator_trust.py::test_what_is_not",
        "core/test_operator_trust.py::test_no_host_is_the_operators_by_looking_like_one",
        "backends/test_bucket.py::test_the_address_inside_a_key_of_google_is_one",
    ),
    "Variables that CI systems fill with an author's words": (
        "core/test_operator_trust.py::test_no_address_comes_out_of_an_authors_words",
    ),
    "| `{env: X}` as a credential |": ("cli/test_runs.py::test_secrets_stay_out_of_everything",),
    "| `{env: X}` elsewhere": ("core/test_operator_trust.py::test_variables_that_may_become_names",),
    "| a command (`encryption.key.command`": (
        "cli/test_trust.py::test_a_command_is_run_once_it_is_trusted_exactly",
        "core/test_operator_trust.py::test_commands_of_the_environment_are_whole_lines",
    ),
    "| a proxy, certificates, a file of credentials": (
        "backends/test_bucket.py::test_proxies_certificates_files_and_programs_are_not_the_repositorys",
    ),
    "A trust file that others may write is refused, and one that lies in the repository counts for nothing": (
        "api/test_trust.py::test_it_is_its_owners_alone",
        "api/test_trust.py::test_a_trust_file_inside_the_repository_counts_for_nothing",
    ),
    "Reading a state without any credentials needs no trust; writing it does": (
        "scenarios/test_where_keys_go.py::test_reading_without_credentials_needs_no_trust_and_writing_does",
    ),
    "It can send no credential elsewhere, run no command, read or write no file outside of the repository": (
        "scenarios/test_where_keys_go.py::test_no_state_address_of_a_branch_gets_a_credential",
        "cli/test_trust.py::test_a_command_is_run_once_it_is_trusted_exactly",
        "api/test_output_files.py::test_no_command_writes_through_a_committed_link",
    ),
    "What they write never becomes a reference": (
        "cli/test_planted.py::test_no_command_resolves_what_was_planted",
        "engine/test_planted_references.py::test_whatever_stands_in_an_account_is_imported_without_a_change",
    ),
    "No answer, document, lock or line of theirs makes more than an error": (
        "properties/test_hostile_answers.py::test_no_answer_makes_a_bug",
        "properties/test_hostile_states.py::test_nothing_that_is_stored_makes_a_bug",
        "backends/test_hostile_stores.py::test_noise_is_no_state_and_no_lock",
    ),
    "a request 120 s from connecting to the last byte": (
        "core/test_network.py::test_a_request_to_the_api_ends_at_its_deadline",
        "core/test_network.py::test_a_request_to_a_state_server_ends_at_its_deadline",
    ),
    "**What is sent is what is shown.**": (
        "engine/test_forged_plans.py::test_a_forged_plan_is_refused_and_nothing_is_sent",
        "engine/test_forged_plans.py::test_what_passes_sends_and_shows_the_same",
    ),
    "**Blocks are worked out again**": (
        "engine/test_forged_plans.py::test_flags_and_blocks_that_are_taken_out_are_worked_out_again",
        "engine/test_forged_plans.py::test_the_policy_that_apply_was_started_with_counts",
    ),
    "`policy.deletes: never`, `protected` and `protect` are lifted by no flag": (
        "engine/test_forged_plans.py::test_the_policy_that_apply_was_started_with_counts",
    ),
    "**`RECONCILER_PLAN_KEY`** closes that": (
        "core/planning/test_plan_file.py::test_with_a_key_only_what_was_signed_with_it_is_a_plan",
        "core/planning/test_plan_file.py::test_a_plan_that_was_edited_after_it_was_signed_is_refused",
    ),
    "**A yes to a plan that waits**": (
        "api/test_watch_requests.py::test_a_yes_to_what_moved_since_carries_nothing_out",
        "api/test_watch_requests.py::test_with_a_key_a_yes_that_was_not_signed_with_it_is_none",
    ),
    "was written under the login of the step's own token": (
        "pipelines/test_apply_step.py::test_a_comment_of_anybody_else_names_no_plan",
        "pipelines/test_plan_step.py::test_comments_of_people_stay_and_pages_are_turned",
    ),
    "a plan's artifact counts only from a run of the workflow file": (
        "pipelines/test_apply_step.py::test_the_artifact_of_another_workflow_is_none",
        "pipelines/test_apply_step.py::test_the_artifact_of_a_fork_is_none",
        "pipelines/test_apply_step.py::test_the_artifact_of_another_commit_is_none",
    ),
}
"""A part of a statement -> the tests that attack it (a file alone: all of its tests do)."""


def flat(text: str) -> str:
    return " ".join(text.split())


ADVICE = (
    "Please report a weakness", "You get an answer", "Fixes go to", "Set the key if people",
    "The operator is whoever starts", "What stands in the environment, on the command line",
    "A command that names a file of the repository trusts", "`tests/test_threat_model.py` names",
    "| it names |", "| who |", "Who runs Temporal says which project files",
    "What an **apply** of a stranger's branch would do",
    "So apply only what was reviewed", "The manifests of the commit you run it on",
    "On pull requests of strangers, run",
    "Whoever may change the pipeline's own file", "A plan file comes from somewhere else",
    "Before the first write `apply FILE` takes nothing", "- **What somebody who can write plan files still can do**",
    "Texts for people (notes", "It is read from the environment only", "Whoever can run `plan` with the key",
    "It lies in the store beside the state", "Every workflow of a repository writes under the same login",
    "That is what the reviewers",
)  # fmt: skip
"""How sentences begin that promise nothing of the program: words, what it does not hold, what people should do."""


def sentences() -> list[str]:
    """Every sentence of paragraphs, items of lists and rows of tables."""
    blocks: list[list[str]] = [[]]
    for line in PAGE.splitlines():
        if not line.strip() or line.startswith(("#", "|---", "- ", "| ")):
            blocks.append([])
        if line.strip() and not line.startswith(("#", "|---")):
            blocks[-1].append(line)
    texts = [flat(" ".join(block)) for block in blocks if block]
    return [one for text in texts for one in re.split(r"(?<=[a-z)`*>])\. (?=[A-Z`*])", text)]


@pytest.mark.parametrize("part", HELD)
def test_what_is_held_stands_in_the_page(part: str) -> None:
    assert flat(part) in flat(PAGE)


@pytest.mark.parametrize("test", sorted({test for tests in HELD.values() for test in tests}))
def test_what_holds_it_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    text = (ROOT / "tests" / path).read_text(encoding="utf-8")
    assert f"def {name}(" in text if name else "def test_" in text


def test_every_statement_is_attacked() -> None:
    parts = [flat(part) for part in HELD]
    held = {one for one in sentences() if any(part in one for part in parts)}
    assert [one for one in sentences() if one not in held and not one.startswith(ADVICE)] == []


def test_what_only_advises_stands_in_the_page_and_is_no_more() -> None:
    assert [start for start in ADVICE if not any(one.startswith(start) for one in sentences())] == []
