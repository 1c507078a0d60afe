import { describe, expect, it } from "vitest";
import { ActiveTime } from "./activeTime";

const S = 1000;

describe("active time", () => {
  it("goes on between inputs that are near each other, on top of what was spent before", () => {
    const time = new ActiveTime(0, 12);
    time.input(20 * S);
    time.input(50 * S);
    expect(time.seconds(55 * S)).toBe(67);
  });

  it("stops a minute after the last input and goes on with the next", () => {
    const time = new ActiveTime(0, 0);
    time.input(10 * S);
    expect(time.isActive(69 * S)).toBe(true);
    expect(time.isActive(70 * S)).toBe(false);
    expect(time.seconds(500 * S)).toBe(70);
    time.input(500 * S);
    expect(time.seconds(505 * S)).toBe(75);
  });

  it("does not run while the page is hidden", () => {
    const time = new ActiveTime(0, 0);
    time.show(10 * S, false);
    expect(time.isActive(11 * S)).toBe(false);
    expect(time.seconds(40 * S)).toBe(10);
    time.show(100 * S, true);
    expect(time.seconds(104 * S)).toBe(14);
  });

  it("counts nothing twice, however often it is asked", () => {
    const time = new ActiveTime(0, 0);
    for (let at = 0; at <= 30; at += 1) time.seconds(at * S);
    time.input(30 * S);
    expect(time.seconds(30 * S)).toBe(30);
  });
});
