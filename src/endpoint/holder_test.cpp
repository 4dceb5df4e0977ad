// A binding is renewed while it is used, what the gateway says no to is used until it ends, and hostile answers are none.
#include "endpoint/holder.h"

#include "base/clock.h"
#include "http/server.h"

#include <gtest/gtest.h>

namespace sallyport::endpoint {
namespace {

// A gateway on loopback whose bindings live as long as it is told; each has a number.
struct Gateway {
    net::Loop loop;
    net::Resolver resolver;
    http::BufferPool buffers;
    std::atomic<std::size_t> connections = 0;
    http::Pool pool{loop, resolver, buffers};
    std::int64_t life_ms = 900'000;
    int asked = 0, status = 200;
    std::string egress = "[]";
    http::Server server{loop,
                        buffers,
                        http::Timeouts{},
                        [this](http::Exchange& exchange, const http::Arrival&) { return answer(exchange); },
                        connections,
                        64};
    GatewayAccess access;

    Gateway() {
        auto listener = net::Listener::open(loop, {"127.0.0.1", 0});
        access.origin.where = {"127.0.0.1", (*listener)->port()};
        access.origin.authority = access.origin.where.text();
        access.key = Secret("sp_x");
        server.listen(std::move(*listener), {});
    }
    ~Gateway() { loop.abandon(); }
    std::string body() {
        ++asked;
        const std::int64_t now = wall_ms();
        return R"({"binding":"b)" + std::to_string(asked) + R"(.t","egress":)" + egress +
               R"(,"evidence":"bound","now":)" + std::to_string(now) + R"(,"secret":"s","until":)" +
               std::to_string(now + life_ms) + "}";
    }
    net::Task<void> answer(http::Exchange& exchange) {
        Buffer stated;
        [[maybe_unused]] const auto read = co_await exchange.read_body(stated, 4'096);
        const std::string text =
            status == 200 ? body() : R"({"error":{"message":"the version is not approved any more"}})";
        [[maybe_unused]] const auto told = co_await exchange.respond(status, "application/json", "", text);
    }
    void run(std::function<net::Task<void>()> work) {
        const auto all = [this](std::function<net::Task<void>()> what) -> net::Task<void> {
            co_await what();
            loop.stop();
        };
        loop.spawn(all(std::move(work)));
        loop.run();
    }
};

const identity::Proven request{"POST", "/v1/messages", {}};

std::string binding_of(const Holder& holder) {
    const std::string fields = holder.fields_for(request);
    return fields.substr(0, fields.find('\r'));
}

TEST(HolderTest, ABindingIsRenewedWhenItIsOldAndUsedOnWhileTheGatewaySaysNo) {
    Gateway gateway;
    Holder holder(gateway.loop, gateway.pool, gateway.access, {});
    gateway.run([&]() -> net::Task<void> {
        const auto first = co_await ask_for_binding(gateway.loop, gateway.pool, gateway.access, {}, {});
        EXPECT_TRUE(first && holder.take(*first));
        co_await holder.keep_fresh();
        EXPECT_EQ("x-sallyport-binding: b1.t", binding_of(holder)); // young
        gateway.life_ms = 0;
        EXPECT_TRUE(holder.take(gateway.body())); // old at once
        EXPECT_EQ("x-sallyport-binding: b2.t", binding_of(holder));
        gateway.status = 403;
        co_await holder.keep_fresh();
        EXPECT_EQ("x-sallyport-binding: b2.t", binding_of(holder));
        EXPECT_EQ("the version is not approved any more", holder.problem());
        gateway.status = 200;
        gateway.life_ms = 900'000;
        gateway.egress = R"([{"do":"allow","hosts":["packages.acme.example"],"id":"p","ports":"any","why":"w"}])";
        co_await holder.keep_fresh();
        EXPECT_EQ("x-sallyport-binding: b3.t", binding_of(holder));
        EXPECT_EQ("", holder.problem());
        EXPECT_EQ(1u, holder.rules()->size());
        co_await holder.keep_fresh();
        EXPECT_EQ(3, gateway.asked);
    });
}

TEST(HolderTest, ANoIsTheGatewaysSentence) {
    Gateway gateway;
    gateway.status = 403;
    gateway.run([&]() -> net::Task<void> {
        const auto answer = co_await ask_for_binding(gateway.loop, gateway.pool, gateway.access, {}, {});
        EXPECT_FALSE(answer);
        if (answer) co_return;
        EXPECT_EQ(ErrorKind::refused, answer.error().kind);
        EXPECT_EQ("the version is not approved any more", answer.error().message);
    });
}

TEST(HolderTest, WhatIsNoAnswerIsNotTaken) {
    Gateway gateway;
    Holder holder(gateway.loop, gateway.pool, gateway.access, {});
    for (const char* one :
         {"", "{}", "[]", R"({"binding":"b","secret":"s"})", R"({"binding":"b\r\nx: y","secret":"s","egress":[]})",
          R"({"binding":"b","secret":"","egress":[]})", R"({"binding":"b","secret":"s","egress":[{"hosts":"*"}]})",
          R"({"binding":"b","secret":"s","egress":"*"})"})
        EXPECT_FALSE(holder.take(one)) << one;
    EXPECT_TRUE(holder.take(R"({"binding":"b","secret":"s","egress":[]})"));
}

} // namespace
} // namespace sallyport::endpoint
