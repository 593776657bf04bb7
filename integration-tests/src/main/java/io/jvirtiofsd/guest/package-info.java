/**
 * Boots guests: the kit they are made of, the back-end process they talk to, and the guest itself.
 *
 * <p>Start reading at {@link io.jvirtiofsd.guest.Guest}; {@link io.jvirtiofsd.guest.Demo} shows all
 * of it at work.
 */
package io.jvirtiofsd.guest;
