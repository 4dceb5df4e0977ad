// DNS questions: what is read can be read in one way only, answers fit what was asked, and no name gets out of the rules.
#include "egress/names.h"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace sallyport;
using namespace sallyport::egress;

void require(bool holds) {
    if (!holds) std::abort();
}

struct House {
    std::unique_ptr<Receipts> receipts = std::move(*Receipts::open({}, Secret(std::string(32, 'k'))));
    std::vector<policy::EgressRule> rules = {{"r", {"*.example", "a"}, {}, 31, {}, policy::Contact::allow, "why"},
                                             {"n", {"*"}, {}, 31, {}, policy::Contact::refuse, "no"}};
    NameAnswerer answerer{rules, policy::Class::internal, {{"gateway.test", ipv4(0x7F000001)}}, *receipts};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static House house;
    const std::string_view datagram(reinterpret_cast<const char*>(data), size);
    const auto question = parse_question(datagram);
    const std::string reply = house.answerer.answer(datagram);
    if (reply.empty()) {
        require(!question);
        return 0;
    }
    require(reply.size() >= 12 && reply.size() <= 512 + 28);
    require(reply[0] == datagram[0] && reply[1] == datagram[1] && (reply[2] & 0x80) != 0);
    const int code = reply[3] & 0x0F, answers = reply[7];
    if (!question) {
        require(code != 0 && answers == 0);
        return 0;
    }
    require(question->name.size() <= 253);
    const bool exists =
        question->name == "gateway.test" ||
        (policy::is_host_name(question->name) && (question->name == "a" || question->name.ends_with(".example")));
    if (answers != 0) require(code == 0 && exists && question->type == 1 && question->cls == 1);
    if (code == 0) require(exists);
    return 0;
}
