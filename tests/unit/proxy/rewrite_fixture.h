// A request, the connection that it came on and its target, and the head that the upstream gets.
#pragma once

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "proxy/rewrite.h"

namespace cardea::proxy {

using Values = std::vector<std::string>;

class RewriteRequest : public testing::Test {
 protected:
  RewriteRequest() {
    request_.method = http::Method::get;
    request_.method_text = "GET";
    request_.target = "/path?query";
    request_.authority = "www.example.com";
    add("Host", "www.example.com");
    connection_.scheme = http::Scheme::https;
    connection_.peer_text = "192.0.2.7";
    connection_.local_port = 443;
    target_.upstream_host = "backend:8080";
  }

  void add(std::string_view name, std::string_view value) { EXPECT_TRUE(request_.fields.add({name, value})); }
  std::string head() const {
    base::Buffer out;
    append_upstream_head(out, request_, connection_, target_, "0123456789abcdef");
    return std::string(out.view());
  }
  std::string request_line() const {
    const std::string text = head();
    return text.substr(0, text.find("\r\n"));
  }
  // The values of that field as the upstream sees them, in order.
  Values values(std::string_view name) const {
    Values found;
    const std::string text = head();
    for (const std::string_view line : base::split(text, '\n')) {
      const std::size_t colon = line.find(": ");
      if (colon == std::string_view::npos || !base::equals_ignoring_case(line.substr(0, colon), name))
        continue;
      found.emplace_back(line.substr(colon + 2, line.size() - colon - 3));
    }
    return found;
  }
  void expect_absent(std::string_view name) const { EXPECT_TRUE(values(name).empty()) << name; }

  http::RequestHead request_;
  http::ConnectionInfo connection_;
  Target target_;
};

}  // namespace cardea::proxy
