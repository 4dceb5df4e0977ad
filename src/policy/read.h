// From a YAML document to the model: words, types, names and references between the sections. What is found wrong is told to the
// Reader; the Document is to be used only when the Reader stayed clean.
#pragma once

#include "policy/model.h"
#include "policy/yaml.h"

#include <string>
#include <vector>

namespace sallyport::policy {

inline constexpr std::size_t upstreams_max = 256;
inline constexpr std::size_t plugins_max = 4096;
inline constexpr std::size_t teams_max = 4096;
inline constexpr std::size_t invariants_max = 256;
inline constexpr std::size_t paths_max = 256; // of one repository
inline constexpr std::size_t legal_entities_max = 256;
inline constexpr std::size_t pattern_bytes_max = 128; // of a model; repositories may use name_bytes_max

// Files that the policy takes in. What they may speak for can be limited: the rules of such a file hold for these teams only, its
// repositories lie below that one.
struct Include {
    std::string pattern;
    Place place;
    std::string owner;
    Names teams;
    std::string repositories; // "git.acme.example/web/", empty: any
};

// Adds what the reader's root holds to `document`. Returns the includes asked for. An included file (`as` is not null) may hold
// only repositories (which count only where they are stricter) and rules that refuse or record.
std::vector<Include> read_document(Reader& reader, Document& document, std::string text, const Include* as);

// The rules and invariants of one file; the sections that they name must be in `document` already. (read_rules.cpp)
void read_rules(Reader& reader, Document& document, Node rules, const Include* as);
void read_invariants(Reader& reader, Document& document, Node invariants);

// What a policy says beside its decisions: what is put back, which bodies are kept, when entries are sealed, what is
// believed of launchers. (read_beside.cpp)
void read_restore(Reader& reader, Node node, Document& document);
void read_bodies(Reader& reader, Node node, Document& document);
void read_launchers(Reader& reader, Node node, Document& document);
void read_sealing(Reader& reader, Node node, Document& document);

// The values of one field, shared by sections and rules. Mistakes are told; what can be read is returned. (read_values.cpp)
Mask read_mask(Reader& reader, Node node, std::span<const std::string_view> words, std::string_view what);
std::optional<std::int64_t> read_date(Reader& reader, Node node, int utc_offset_minutes);
std::vector<std::string> read_texts(Reader& reader, Node node, std::string_view what, std::size_t bytes_max);
Names read_full_names(Reader& reader, Node node, std::string_view what); // teams and roles: a '*' is a mistake
std::optional<VersionRange> read_range(Reader& reader, Node node, std::string_view what);

} // namespace sallyport::policy
