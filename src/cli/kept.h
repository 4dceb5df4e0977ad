// Bodies that are kept, for commands that show or export them: compared with the entry's digest, and who reads them is recorded first.
#pragma once

#include "bodies/recorded.h"
#include "cli/open.h"

#include <memory>
#include <string>

namespace sallyport::cli {

class KeptReader {
public:
    static Result<std::unique_ptr<KeptReader>> open(Visit& visit);
    // Before anything is read: what is done ("read-body", "search-bodies"), who, why (both as they say), to what.
    Result<void> record(std::string_view what, const std::string& by, const std::string& why, const std::string& about);
    // Whose exchange the bodies are that are asked for next: where a pack is not there any more since nobody could read it, its keys
    // still say that it was erased, and why.
    void belongs_to(const ledger::Intent& intent);
    // Fails with a sentence where it was not kept, is erased, lost or damaged.
    Result<std::string> body(const ledger::Body& body);

private:
    KeptReader(Visit& visit, std::unique_ptr<store::BodyKeys> keys)
        : visit_(visit), keys_(std::move(keys)), wrapping_(visit.installation.keys().body_keys),
          reader_(visit.installation.bodies_directory(), *keys_, wrapping_) {}
    Result<std::string> why_erased(Error missing);
    Visit& visit_;
    std::unique_ptr<store::BodyKeys> keys_;
    crypto::SealingKey wrapping_;
    bodies::Reader reader_;
    store::BodyPlace place_;
    std::int64_t at_ms_ = 0; // 0: not known
};

} // namespace sallyport::cli
