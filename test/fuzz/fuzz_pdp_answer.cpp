// Answers of a company's decision point as a stranger would send them: a boolean that is meant or an error that has a sentence; a
// reason is one line that nothing acts on; the question can be asked of any bytes twice with the same result.
#include "base/buffer.h"
#include "base/limits.h"
#include "gateway/pdp_answer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check_line(std::string_view line, std::size_t bytes_max) {
    require(line.size() <= bytes_max);
    require(std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
    require(!line.starts_with(' ') && !line.ends_with(' '));
    require(sallyport::gateway::plain_line(line, bytes_max) == line);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_line(sallyport::gateway::plain_line(input, 40), 40);
    const sallyport::Buffer padded(input);
    const auto answer = sallyport::gateway::read_pdp_answer(padded.view());
    if (!answer) {
        require(!answer.error().message.empty());
        return 0;
    }
    require(input.contains(answer->permitted ? "true" : "false"));
    require(answer->reason.empty() || !answer->permitted);
    check_line(answer->reason, sallyport::limits::pdp_reason_bytes_max);
    return 0;
}
