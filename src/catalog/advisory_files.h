// The folder in which an installation keeps its advisories: ID.json one each, or a bundle, several in one file. Where a key is named in
// sallyport.yaml, each file has its signature beside it, FILE.sig: a signed note (crypto/note.h) over
//
//   sallyport advisories v1
//   sha256:<digest of the file>
//
// One file that cannot be taken makes the whole folder fail: who could damage it could else take an advisory away unseen.
#pragma once

#include "catalog/advisories.h"
#include "crypto/note.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::catalog {

struct AdvisorySource {
    std::filesystem::path folder;
    bool must_exist = false; // else a folder that is not there holds none
    std::optional<crypto::NoteVerifier> key;
};

struct AdvisoryFile {
    std::filesystem::path file;
    std::string text, signature; // the signature's note, empty where there is none
    std::vector<Advisory> advisories;
};

std::string signed_text(std::string_view file_text);
std::filesystem::path signature_of(const std::filesystem::path& file);
// "-" is standard input, which has no signature; `signature` names another note than the one beside the file.
Result<AdvisoryFile> read_advisory_file(const std::filesystem::path& file, const std::filesystem::path& signature);
// Whether it may be taken: signed by the key, where there is one.
Result<void> check_signature(const AdvisoryFile& file, const std::optional<crypto::NoteVerifier>& key);

// Every *.json of a folder, in the order of their names, checked; told by name what cannot be taken.
Result<std::vector<AdvisoryFile>> read_advisory_files(const AdvisorySource& source);
Result<std::shared_ptr<const Advisories>> load_advisories(const AdvisorySource& source);

// Keeps what came, each as a file of its own; with a signature as the one file that it is of. Refused where one that is here was
// modified later: nobody is led back.
Result<void> keep(const AdvisorySource& source, const AdvisoryFile& came);
// Removes the file that holds it; an error where that holds others, too, and not all shall go.
Result<void> remove(const AdvisorySource& source, std::string_view id, bool with_others);

} // namespace sallyport::catalog
