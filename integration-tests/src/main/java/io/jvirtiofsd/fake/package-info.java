/**
 * A front-end, a driver and a FUSE client in the test's own process, so that a test of one
 * operation takes milliseconds and a peer can misbehave at will.
 *
 * <p>Start reading at {@link io.jvirtiofsd.fake.FuseClient}; below it are {@link
 * io.jvirtiofsd.fake.FakeDriver} (one ring) and {@link io.jvirtiofsd.fake.FakeFrontend} (the
 * socket, the memory). They are written from the specifications, not from the code they test.
 */
package io.jvirtiofsd.fake;
