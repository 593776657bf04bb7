package io.jvirtiofsd.bench;

import java.util.Map;

/**
 * What else was measured: a value of each side for each round, or only one.
 *
 * @param row as on the command line
 * @param bySide in the order in which it is printed
 */
record Figure(String row, String what, String unit, Map<String, double[]> bySide) {}
