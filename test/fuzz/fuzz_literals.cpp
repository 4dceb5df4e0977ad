// Code of a client: whatever it is, each literal lies in it, what decodes was there, and offsets lie in the file. Also as a native program.
#include "lab/groups.h"
#include "lab/scanner.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::lab;
    const std::string_view code(reinterpret_cast<const char*>(data), size);
    const auto require = [](bool holds) {
        if (!holds) std::abort();
    };
    for_each_literal(code, [&](const Literal& literal) {
        require(literal.begin > 0 && literal.begin <= literal.end && literal.end < code.size());
        require(code[literal.begin - 1] == code[literal.end]);
        static_cast<void>(unescape(literal.raw));
        static_cast<void>(unescape_to_bytes(literal.raw));
    });
    for (const Embedded& file : embedded_files(code)) require(file.offset <= size && file.size <= size - file.offset);
    Scanner scanner;
    scanner.scan("bundle.js", code);
    auto findings = scanner.findings().take();
    for (const Finding& one : findings)
        require(!one.place.part.empty() || (one.place.offset < size && one.size <= size - one.place.offset));
    std::size_t grouped = 0;
    for (const Group& one : group(findings)) grouped += one.findings.size();
    require(grouped == findings.size());
    static_cast<void>(scanner.inventory().take());
    return 0;
}
