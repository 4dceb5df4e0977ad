// Some entries of a ZIP that lies in memory, through libarchive. Nothing is written anywhere, so a name is only ever compared. The list at
// the end of the file is what is read, as office programs read it.
#pragma once

#include "repo/left_out.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::repo {

struct Part {
    std::string name; // in lower case: names of parts are compared so (ECMA-376-2, 6.2.2.3)
    std::string bytes;
};

// Those whose name is wanted, in the file's order; two of one name are two. Left out as "encrypted", as "damaged document" (no ZIP, cut
// off, a wrong checksum, packed as no office program does), as "too large" beyond limits::document_*.
OrLeftOut<std::vector<Part>> unpack(std::string_view zip, bool (*wanted)(std::string_view name));

} // namespace sallyport::repo
