import { expect, test } from "vitest";
import { origin } from "../src/sdk/mesh";

test("the origin of a description tells one connection from another", () => {
  const sdp = (id: string, version: number): string => `v=0\r\no=- ${id} ${version} IN IP4 127.0.0.1\r\ns=-\r\n`;
  expect(origin(sdp("4611731", 2))).toBe("4611731");
  expect(origin(sdp("4611731", 3))).toBe(origin(sdp("4611731", 2)));
  expect(origin("v=0")).toBe("");
});
