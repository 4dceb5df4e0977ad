// Every limit of the program in one place. At a limit the caller gets a sentence that names it; nothing is cut silently.
// Those marked (config) are defaults that sallyport.yaml may change.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport::limits {

// HTTP heads (RFC 9112). 64 KiB holds the largest real head seen (a turn-metadata header of some kilobytes) many times.
inline constexpr std::size_t head_bytes_max = 64 * 1024;
inline constexpr std::size_t head_fields_max = 128;
inline constexpr std::size_t target_bytes_max = 8 * 1024;
inline constexpr std::size_t chunk_line_bytes_max = 16; // "ffffffffffff" is more than any body; no extensions
inline constexpr std::size_t trailer_bytes_max = 8 * 1024;

// Bodies.
inline constexpr std::size_t request_body_bytes_max = 64u << 20; // (config) as sent
inline constexpr std::size_t plugins_per_request_max = 1024;
inline constexpr std::size_t decoded_body_bytes_max = 128u << 20;    // (config) after gzip or zstd
inline constexpr std::size_t buffered_bodies_bytes_max = 512u << 20; // (config) of all exchanges together
inline constexpr std::size_t relay_buffer_bytes = 64 * 1024;         // what one stream holds of an answer at most
inline constexpr std::size_t answer_watched_bytes_max = 4u << 20;    // a non-streamed answer kept for reading usage
inline constexpr std::size_t event_bytes_max = 1u << 20;             // one server-sent event while watched
inline constexpr std::size_t inline_judgement_bytes_max =
    256 * 1024; // a millisecond where nothing of it was seen before; larger bodies are judged beside the loop
inline constexpr std::size_t inline_attribution_bytes_max = 64 * 1024; // where the company's code is looked for besides

// JSON.
inline constexpr std::size_t json_depth_max = 128;
inline constexpr std::size_t json_nodes_max = 4u << 20;

// Time-outs, milliseconds (config).
inline constexpr std::int64_t head_ms_max = 30'000;
inline constexpr std::int64_t body_idle_ms_max = 60'000;
inline constexpr std::int64_t keep_alive_ms_max = 75'000;
inline constexpr std::int64_t connect_ms_max = 10'000;
inline constexpr std::int64_t upstream_head_ms_max =
    600'000; // reasoning models think for minutes before the first byte
inline constexpr std::int64_t upstream_idle_ms_max = 300'000;
inline constexpr std::int64_t write_idle_ms_max = 120'000;
inline constexpr std::int64_t drain_ms_max = 30'000;
inline constexpr std::int64_t pooled_idle_ms_max = 50'000;

// Pools and memories.
inline constexpr std::size_t idle_connections_max = 256; // per upstream and loop
inline constexpr std::size_t connections_max = 16'384;   // (config) of one process
inline constexpr std::size_t verdicts_remembered_max = 16'384;
inline constexpr std::int64_t verdict_ms_max = 600'000;
inline constexpr std::int64_t world_stale_ms_max = 30'000;
inline constexpr std::int64_t key_poll_ms = 400;

// The company's own decision point.
inline constexpr std::int64_t pdp_ms = 2'000; // (config)
inline constexpr std::int64_t pdp_ms_max = 30'000;
inline constexpr std::int64_t pdp_remember_ms = 30'000; // (config)
inline constexpr std::int64_t pdp_remember_ms_max = 3'600'000;
inline constexpr std::size_t pdp_answer_bytes_max = 64 * 1024;
inline constexpr std::size_t pdp_answers_remembered_max = 4'096; // per loop
inline constexpr std::size_t pdp_reason_bytes_max = 300;

// The forward proxy (egress/).
inline constexpr std::int64_t tunnel_idle_ms_max =
    900'000; // (config) nothing moved either way: models think for minutes
inline constexpr std::int64_t tunnel_half_closed_ms_max = 60'000; // the same, after one side has ended
inline constexpr std::size_t tunnels_per_caller_max = 256;        // (config)
inline constexpr std::size_t resolved_names_remembered_max = 4'096;
inline constexpr std::size_t resolver_threads = 4;
inline constexpr std::size_t minted_certificates_max = 512; // kept by host
inline constexpr std::size_t receipt_hosts_max = 1'024;     // summed up in memory by themselves
inline constexpr std::size_t receipt_path_bytes_max = 512;
inline constexpr std::size_t receipt_headers_max = 64;    // names in one receipt
inline constexpr std::size_t dns_message_bytes_max = 512; // RFC 1035 section 4.2.1; questions need no more

// Bindings of launchers (identity/binding.h).
inline constexpr std::int64_t binding_ms = 900'000;           // how long one is valid
inline constexpr std::int64_t binding_renewed_ms = 600'000;   // older ones are renewed before the next request
inline constexpr std::int64_t binding_proof_ms_max = 60'000;  // how old, or how far ahead, a proof may be
inline constexpr std::size_t binding_bytes_max = 4'096;       // as sent with each request, and what asks for one
inline constexpr std::size_t run_told_bytes_max = 128 * 1024; // what a launcher tells of a run at its end
inline constexpr std::int64_t binding_asked_ms_max = 15'000;  // that a launcher waits for one

// Ledger.
inline constexpr std::size_t entry_bytes_max = 65'535;
inline constexpr std::size_t segment_bytes_max = 64u << 20;
inline constexpr std::size_t ledger_queue_bytes_max = 64u << 20;
inline constexpr std::size_t pieces_remembered_max = 1u << 19; // of kept bodies: 32 bytes each
inline constexpr std::size_t pack_bytes_max = 64u << 20;
inline constexpr std::size_t chunk_bytes_max = 1u << 30; // its content, and a body's put together
inline constexpr std::size_t bodies_queue_bytes_max = 256u << 20;
inline constexpr std::size_t answer_part_bytes = 1u << 20; // of an answer that is kept, before it is handed over
inline constexpr std::size_t bundle_bytes_max = 1u << 30;
inline constexpr std::size_t problems_told_max = 100; // by one verification
inline constexpr std::size_t findings_named_max = 64; // with an id of their text, in an entry
inline constexpr std::size_t files_per_entry_max = 64;
inline constexpr std::size_t sources_per_entry_max = 64;
inline constexpr std::size_t hosts_per_entry_max = 128; // that a run contacted

// Questions to the ledger over the admin listener.
inline constexpr std::size_t entry_rows = 100; // of a page, where the question does not say
inline constexpr std::size_t entry_rows_max = 1'000;
inline constexpr std::size_t left_rows = 1'000;
inline constexpr std::size_t left_rows_max = 10'000;
inline constexpr std::size_t body_answer_bytes_max = 128u << 20;
inline constexpr std::size_t reason_bytes_max = 400;
inline constexpr unsigned ledger_question_threads = 2;
inline constexpr unsigned ledger_questions_max = 16;        // under way and waiting; further ones are answered 503
inline constexpr std::int64_t ledger_update_ms_max = 2'000; // that one question reads new entries into the index

// Handing over entries to other systems (handover/).
inline constexpr std::size_t handover_destinations_max = 16;
inline constexpr std::size_t handover_events_max = 256;         // of one batch
inline constexpr std::size_t handover_batch_bytes = 512 * 1024; // a batch ends with the event that passes it
inline constexpr std::size_t handover_open_max = 65'536;        // exchanges without an outcome
inline constexpr std::size_t handover_answer_bytes_max = 64 * 1024;
inline constexpr std::int64_t handover_ms = 30'000; // (config) one batch, connecting included
inline constexpr std::int64_t handover_ms_max = 300'000;
inline constexpr std::int64_t handover_poll_ms = 250; // how often the ledger is asked for more
inline constexpr std::int64_t handover_settle_ms = 500;
inline constexpr std::int64_t handover_retry_ms = 500; // then twice as long each time
inline constexpr std::int64_t handover_retry_ms_max = 60'000;
// Witnesses of the ledger, and `sallyport ledger witness`.
inline constexpr std::size_t witnesses_max = 16;        // their signatures fit into a slot of a checkpoint's file
inline constexpr std::int64_t witness_every_ms = 1'000; // (config) a checkpoint is shown to them at most so often
inline constexpr std::int64_t witness_ms = 5'000;       // (config) of one call
inline constexpr std::int64_t witness_ms_max = 60'000;
inline constexpr std::int64_t witness_pause_ms_max = 300'000; // before one that failed is asked again
inline constexpr std::int64_t witness_last_ms = 2'000;        // that a stop waits for them
inline constexpr std::int64_t cosigned_within_ms = 300'000;   // (config) for /readyz
inline constexpr std::size_t witness_answer_bytes_max = 64 * 1024;
inline constexpr std::size_t witnessed_logs_max = 10'000;
inline constexpr std::size_t witnessed_text_bytes_max = 4'096;       // a checkpoint without its signatures
inline constexpr std::size_t witness_request_bytes_max = 512 * 1024; // a note with 100 signatures of any algorithm
inline constexpr std::size_t witness_connections_max = 1'024;
// Entries that wait for cosignatures: what a start reads of those from before, and how finely their age is known.
inline constexpr std::size_t unsealed_entries_read_max = 50'000;
inline constexpr std::size_t unsealed_spans_max = 4'096; // of a class, each of a second or more
// The command that gives the ledger's key, run once at a start.
inline constexpr std::int64_t ledger_key_command_ms = 30'000; // (config)
inline constexpr std::int64_t ledger_key_command_ms_max = 600'000;
inline constexpr std::size_t ledger_key_bytes_max = 4'096;
inline constexpr std::size_t ledger_key_complaint_bytes_max = 2'048; // of its standard error that are shown
inline constexpr std::size_t ledger_key_arguments_max = 64;

// Inspection of content.
inline constexpr std::size_t units_remembered_max = 262'144;      // about 40 MiB: some thousand long conversations
inline constexpr std::size_t scanned_text_bytes_max = 128u << 20; // one text; as decoded_body_bytes_max
inline constexpr std::size_t secret_rules_max = 5'000;            // of all files together

// Repositories that are read.
inline constexpr std::size_t tree_depth_max = 256;
inline constexpr std::size_t repository_path_bytes_max = 4'096;
inline constexpr std::uint64_t clone_bytes_max = 32ULL << 30; // of one fetch, on the wire
inline constexpr std::int64_t clone_ms_max = 4LL * 3'600'000;
inline constexpr unsigned clone_idle_s_max =
    120; // without a byte: a large repository is counted for a minute before the first one

// Office documents and PDFs that are read for the index (repo/document_text.h). What is beyond is left out as "too large".
inline constexpr std::size_t document_file_bytes_max = 128u << 20;    // most of a large one are its pictures
inline constexpr std::size_t document_entries_max = 10'000;           // a deck of 1,000 slides has some 4,000
inline constexpr std::size_t document_unpacked_bytes_max = 64u << 20; // the parts with text: 16 MiB of it, and markup
inline constexpr std::size_t document_ratio_max = 200; // a sheet of equal cells reaches 20, a bomb 1,000; asked beyond
inline constexpr std::size_t document_ratio_asked_bytes = 1u << 20; // this much unpacked
inline constexpr std::size_t document_depth_max = 256;              // a table in a table costs four levels
inline constexpr std::int64_t pdf_ms_max = 60'000;                  // one PDF; 1,000 pages of plain text take 1 s
inline constexpr std::uint64_t pdf_cpu_s_max = 30;
inline constexpr std::uint64_t pdf_memory_bytes_max = 1u << 30;

// Hidden characters, and sentences that clients send alike.
inline constexpr std::size_t hidden_marks_max = 65'536; // odd characters of one text
inline constexpr std::size_t fleet_sentences_max = 65'536;
inline constexpr std::size_t fleet_sentences_of_text_max = 2'048;
inline constexpr std::size_t fleet_sentence_bytes_max = 4'096; // longer ones are not compared
inline constexpr std::size_t fleet_forms_max = 4;              // of one sentence; further ones are not told apart
inline constexpr std::size_t fleet_machines_max = 32;          // remembered of one form
inline constexpr std::size_t fleet_trace_bytes_max = 512;      // what is not letters in a sentence

// The index of code (content/).
inline constexpr std::size_t index_document_bytes_max = 16u << 20; // larger files are generated, or data
inline constexpr std::size_t index_block_bytes_max = 40u
                                                     << 20; // unpacked: one document with its lines may be one block
inline constexpr std::size_t index_block_bytes = 64 * 1024; // small documents share a block
inline constexpr std::size_t index_path_bytes_max = 4'096;
inline constexpr std::size_t index_run_postings_max = 8u << 20; // sorted in memory at a time: 256 MiB with the copy
inline constexpr std::uint64_t index_segment_bytes_max = 1ULL << 32; // normalised, of all documents of a segment
inline constexpr std::uint64_t index_segment_postings_max = 0xFFFF'0000;
inline constexpr std::size_t index_files_max = 64; // what stands in more is common, versions of a file counted once
inline constexpr std::size_t index_postings_max = 1'024;      // and so is what stands in more places
inline constexpr std::size_t index_postings_common = 4;       // places remembered of what is common
inline constexpr std::size_t index_segments_max = 8;          // then they are merged
inline constexpr std::size_t index_list_bytes_max = 1u << 30; // of one repository's places
inline constexpr std::size_t index_manifest_bytes_max = 64u << 20;

// Whose code a text is. At one of these the result says that it is not complete.
inline constexpr std::size_t attribution_anchors_max = 1u << 20;  // places in documents that share a fingerprint
inline constexpr std::size_t attribution_documents_max = 1'024;   // read for one text
inline constexpr std::size_t attribution_repositories_common = 8; // what stands in so many is common

// Clients that are inspected (lab/). The largest seen is one file of 381 MB in an archive of 130 MB, which unpacks to three times as much.
inline constexpr std::size_t client_files_max = 100'000;
inline constexpr std::uint64_t client_bytes_max = 4ULL << 30;        // of all files together
inline constexpr std::uint64_t client_file_bytes_max = 768ULL << 20; // one file of an archive: it is held in memory
inline constexpr std::uint64_t client_ratio_max = 100;               // unpacked to packed, asked beyond the next
inline constexpr std::uint64_t client_ratio_asked_bytes = 64ULL << 20;
inline constexpr std::size_t client_path_bytes_max = 4'096;
inline constexpr std::size_t client_manifest_bytes_max = 4u << 20;       // package.json, release notes
inline constexpr std::size_t client_literal_bytes_max = 1u << 20;        // one literal that is tried to be decoded
inline constexpr std::size_t client_names_max = 200'000;                 // of one kind: hosts, variables …
inline constexpr std::size_t client_concealed_max = 2'000;               // findings of concealment of one client
inline constexpr std::size_t client_decoded_shown_bytes_max = 64 * 1024; // of one literal, in the report
inline constexpr std::size_t registry_document_bytes_max = 64u << 20;    // what a registry says of one package
inline constexpr std::size_t client_package_bytes_max = 512u << 20;      // one package as fetched
inline constexpr std::int64_t registry_ms_max = 120'000;                 // without a byte

// Advisories (catalog/). A bundle of others can be large; what is about one client is compiled at each reload.
inline constexpr std::size_t advisory_file_bytes_max = 64u << 20;
inline constexpr std::size_t advisory_files_max = 10'000;
inline constexpr std::size_t advisories_max = 20'000;
inline constexpr std::size_t advisory_text_bytes_max = 64 * 1024; // summary, details
inline constexpr std::size_t advisory_parts_max = 1'000;          // packages, ranges, events of one
inline constexpr std::size_t advisory_versions_max = 10'000;      // named one by one
inline constexpr std::size_t advisories_per_client_max = 1'000;
inline constexpr std::size_t advisory_bounds_per_client_max = 10'000; // versions that they name
inline constexpr std::size_t bisected_versions_max = 24;              // inspected for one question
inline constexpr std::size_t watched_versions_max = 8; // new ones of one client that are looked at in one round

// Documents that people write.
inline constexpr std::size_t rule_file_bytes_max = 4u << 20;
inline constexpr std::size_t policy_bytes_max = 10u << 20;
inline constexpr std::size_t policy_rules_max = 10'000;

} // namespace sallyport::limits
