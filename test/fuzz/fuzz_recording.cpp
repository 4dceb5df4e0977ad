// What a client under inspection sends: its requests, its TLS hello and its bodies are read within bounds whatever it is, nothing is lost,
// and a value held against itself shows no change.
#include "lab/body_places.h"
#include "lab/requests.h"
#include "lab/text_template.h"
#include "lab/tls_hello.h"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace sallyport::lab;

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    std::size_t sum = 0;
    for (const SentRequest& one : read_requests(bytes)) {
        sum += one.bytes;
        for (const bool bags : {false, true}) places_of_body(one.body, bags);
        path_form(one.path);
    }
    require(sum == bytes.size() || read_requests(bytes).size() >= 10'000);
    const TlsHello hello = read_hello(bytes);
    require(hello.ciphers.size() * 2 <= size && hello.extensions.size() * 4 <= size);
    places_of_body(bytes, true);
    without_dates(bytes, 1'795'860'000'000, Conditions());
    const std::size_t half = size / 2;
    const std::string_view first = bytes.substr(0, half), second = bytes.substr(half);
    const std::string_view both[] = {first, second};
    const TextTemplate usual = TextTemplate::of(both);
    require(usual.compare(first).empty() && usual.compare(second).empty());
    return 0;
}
