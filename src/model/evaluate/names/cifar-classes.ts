/**
 * Class names of CIFAR-10 and CIFAR-100 (fine labels) in the order of their labels, as CLIP prompts them (data/prompts.md of
 * github.com/openai/CLIP, MIT licence): spaces for the underscores of the data set's own lists.
 */

/** Label to name, 0 to 9. */
export const CIFAR10_CLASSES: readonly string[] = Object.freeze(
  'airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck'.split(', '),
);

const LINES = `
apple, aquarium fish, baby, bear, beaver, bed, bee, beetle, bicycle, bottle
bowl, boy, bridge, bus, butterfly, camel, can, castle, caterpillar, cattle
chair, chimpanzee, clock, cloud, cockroach, couch, crab, crocodile, cup, dinosaur
dolphin, elephant, flatfish, forest, fox, girl, hamster, house, kangaroo, keyboard
lamp, lawn mower, leopard, lion, lizard, lobster, man, maple tree, motorcycle, mountain
mouse, mushroom, oak tree, orange, orchid, otter, palm tree, pear, pickup truck, pine tree
plain, plate, poppy, porcupine, possum, rabbit, raccoon, ray, road, rocket
rose, sea, seal, shark, shrew, skunk, skyscraper, snail, snake, spider
squirrel, streetcar, sunflower, sweet pepper, table, tank, telephone, television, tiger, tractor
train, trout, tulip, turtle, wardrobe, whale, willow tree, wolf, woman, worm
`;

/** Label to name, 0 to 99. */
export const CIFAR100_CLASSES: readonly string[] = Object.freeze(LINES.trim().split(/\n|, /));
