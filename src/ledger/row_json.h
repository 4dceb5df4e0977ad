// Rows of the ledger's index as JSON objects: what `ledger list`, `show` and `left` print with --json and what the admin listener answers
// with, so that a program reads one and the same form whichever it asks. Read back where a command asks a gateway.
#pragma once

#include "json/document.h"
#include "json/writer.h"
#include "ledger/query.h"

#include <functional>
#include <optional>
#include <string>

namespace sallyport::ledger {

// The members of an object that is open. `origin`: of the ledger, for entry ids.
void write_members(json::Writer& writer, const std::string& origin, const ExchangeRow& row);
void write_members(json::Writer& writer, const std::string& origin, const FileRow& row);
// The object { "exchange": …, "entries": [ { "id", "entry" } ] }; without "exchange" where the entry is of none, without "entry" where
// its text is not for the asker. `is_sealed` says of an entry by its index whether witnesses sealed it, where that is asked for.
using IsSealed = std::function<std::optional<bool>(std::uint64_t index)>;
std::string shown_json(const std::string& origin, const Shown& shown, const IsSealed& is_sealed = {});

// Answers that were read back. What is missing stays as it is in an empty row; an error says which member is of another kind. `text` as
// json::Document::parse() wants it; `origin`: of the ids in it.
Result<Shown> read_shown(std::string_view text, std::string& origin);
// Of a page: { "<list>": [ row … ], "next": cursor }.
Result<Page> read_page(std::string_view text, std::string& origin);
Result<LeftPage> read_left(std::string_view text, std::string& origin);

} // namespace sallyport::ledger
