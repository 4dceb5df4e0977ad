#include "endpoint/agent_session.h"

#include "base/encoding.h"
#include "crypto/ssh_key.h"
#include "crypto/ssh_vectors.h"

#include <gtest/gtest.h>

namespace sallyport::endpoint {
namespace {

using What = AgentSession::What;

// A server that signed one session.
struct Host {
    explicit Host(std::size_t number)
        : blob(*from_base64(crypto::ssh_vectors[number].key)),
          signature(*from_base64(crypto::ssh_vectors[number].signature)) {}
    std::string blob, signature;
};
const std::string signed_session = *from_base64(crypto::ssh_vectors_data);

std::string binding(const Host& host, bool is_forwarding = false) {
    std::string out(1, '\x1b');
    crypto::append_ssh_text(out, "session-bind@openssh.com");
    crypto::append_ssh_text(out, host.blob);
    crypto::append_ssh_text(out, signed_session);
    crypto::append_ssh_text(out, host.signature);
    out += is_forwarding ? '\x01' : '\0';
    return out;
}

struct SignIn {
    std::string session = signed_session, service = "ssh-connection", method = "publickey-hostbound-v00@openssh.com",
                key = "key", key_inside = "key", host;
    char number = 50;
};
std::string signing(const SignIn& of) {
    std::string data;
    crypto::append_ssh_text(data, of.session);
    data += of.number;
    crypto::append_ssh_text(data, "git");
    crypto::append_ssh_text(data, of.service);
    crypto::append_ssh_text(data, of.method);
    data += '\x01';
    crypto::append_ssh_text(data, "ssh-ed25519");
    crypto::append_ssh_text(data, of.key_inside);
    if (of.method != "publickey") crypto::append_ssh_text(data, of.host);
    std::string out(1, '\x0d');
    crypto::append_ssh_text(out, of.key);
    crypto::append_ssh_text(out, data);
    crypto::append_ssh_number(out, 0);
    return out;
}

class AgentSessionTest : public testing::Test {
protected:
    Host named_{0}, asks_{1}, foreign_{4};
    std::vector<SignedFor> servers_{{"git", named_.blob, true}, {"other", asks_.blob, false}};
    AgentSession session_{servers_};
    SignIn right() const {
        SignIn out;
        out.host = named_.blob;
        return out;
    }
};

TEST_F(AgentSessionTest, ASignInAtANamedServerIsSigned) {
    EXPECT_EQ(session_.judge(binding(named_)).what, What::pass);
    const auto verdict = session_.judge(signing(right()));
    EXPECT_EQ(verdict.what, What::pass);
    EXPECT_EQ(verdict.grant, "git");
    SignIn older = right();
    older.method = "publickey";
    EXPECT_EQ(session_.judge(signing(older)).what, What::pass);
}

TEST_F(AgentSessionTest, NothingElseIs) {
    EXPECT_EQ(session_.judge(signing(right())).what, What::refuse); // not bound yet
    EXPECT_EQ(session_.judge(binding(foreign_)).what, What::refuse);
    EXPECT_EQ(session_.judge(binding(named_, true)).what, What::refuse);
    std::string forged = binding(named_);
    forged[forged.size() - 20] ^= 1;
    EXPECT_EQ(session_.judge(forged).what, What::refuse);
    EXPECT_EQ(session_.judge(signing(right())).what, What::refuse);
    ASSERT_EQ(session_.judge(binding(named_)).what, What::pass);
    std::vector<SignIn> wrong(6, right());
    wrong[0].session = "another session";
    wrong[1].service = "ssh-userauth";
    wrong[2].key_inside = "another";
    wrong[3].host = foreign_.blob;
    wrong[4].number = 51;
    wrong[5].method = "hostbased";
    for (const SignIn& one : wrong) EXPECT_EQ(session_.judge(signing(one)).what, What::refuse);
    const std::string whole = signing(right());
    for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_EQ(session_.judge(whole.substr(0, i)).what, What::refuse) << i;
    EXPECT_EQ(session_.judge(whole + "x").what, What::refuse);
    for (int type = 0; type < 256; ++type)
        if (type != 11) EXPECT_EQ(session_.judge(std::string(1, static_cast<char>(type))).what, What::refuse) << type;
    EXPECT_EQ(session_.judge("\x0b").what, What::pass);
}

TEST_F(AgentSessionTest, AServerWhoseGrantAsksSaysWhichOne) {
    ASSERT_EQ(session_.judge(binding(asks_)).what, What::pass);
    SignIn there = right();
    there.host = asks_.blob;
    const auto verdict = session_.judge(signing(there));
    EXPECT_EQ(verdict.what, What::refuse);
    EXPECT_EQ(verdict.why, "sallyport run --grant other lets it sign in there with the person's key");
}

} // namespace
} // namespace sallyport::endpoint
