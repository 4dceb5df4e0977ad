// What the JSON formats of this folder share.
#pragma once

#include "handover/format.h"
#include "json/writer.h"

namespace sallyport::handover {

inline void member_if(json::Writer& writer, std::string_view key, std::string_view text) {
    if (!text.empty()) writer.member(key, text);
}

// "sha256:…", "hmac-sha256:…"; empty where none was taken.
std::string digest_text(const ledger::Body& body);

} // namespace sallyport::handover
