/**
 * A guest's FUSE client and our daemon in the test's own process, so that a test of one operation
 * takes milliseconds and a peer can misbehave at will.
 *
 * <p>Start reading at {@link io.jvirtiofsd.fake.FuseClient}; below it are {@link
 * io.jvirtiofsd.vhost.FakeDriver} (one ring) and {@link io.jvirtiofsd.vhost.FakeFrontend} (the
 * socket, the memory), which travel with vhost-transport. They are written from the specifications,
 * not from the code they test.
 */
package io.jvirtiofsd.fake;
