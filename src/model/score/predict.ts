/** Class probabilities of images under an ontology. */
import { cosines, type Embeddings } from './embeddings.ts';
import type { Ontology } from './ontology.ts';
import { softmax, topIndices } from './softmax.ts';

/** One class for one image. */
export interface Prediction {
  readonly class: string;
  /** Position of the class in the ontology. */
  readonly classIndex: number;
  /** Probability of the class: the sum of those of its prompts. */
  readonly confidence: number;
  /** The class's prompt with the greatest cosine. */
  readonly prompt: string;
  /** That cosine, in [-1, 1]. */
  readonly similarity: number;
}

/**
 * Softmax over all prompts of the logit scale times the cosine; a class has the sum of its prompts' probabilities, since each
 * prompt is one way of being that class.
 *
 * @param images - one row for each image
 * @param promptWeights - one row for each prompt of the ontology
 * @param ontology - prompts and classes
 * @param logitScale - the model's, already exponentiated
 * @returns for each image all classes, most probable first; equal ones in the order of the ontology
 * @throws {@link MetaclipError} `E_MODEL_MISMATCH`
 */
export function predictClasses(
  images: Embeddings,
  promptWeights: Embeddings,
  ontology: Ontology,
  logitScale: number,
): Prediction[][] {
  const similarities = cosines(images, promptWeights);
  const width = promptWeights.count;
  return Array.from({ length: images.count }, (_, image) =>
    predictRow(similarities.subarray(image * width, (image + 1) * width), ontology, logitScale),
  );
}

function predictRow(similarities: Float32Array, ontology: Ontology, logitScale: number): Prediction[] {
  const probabilities = softmax(similarities, logitScale);
  const confidences = new Float64Array(ontology.classes.length);
  const bestPrompt = new Int32Array(ontology.classes.length).fill(-1);
  ontology.classOfPrompt.forEach((classIndex, prompt) => {
    confidences[classIndex] = (confidences[classIndex] ?? 0) + (probabilities[prompt] ?? 0);
    const best = bestPrompt[classIndex] ?? -1;
    if (best < 0 || (similarities[prompt] ?? 0) > (similarities[best] ?? 0)) bestPrompt[classIndex] = prompt;
  });
  return topIndices(confidences, confidences.length).map((classIndex) => {
    const prompt = bestPrompt[classIndex] ?? 0;
    return {
      class: ontology.classes[classIndex] ?? '',
      classIndex,
      confidence: Math.min(1, confidences[classIndex] ?? 0),
      prompt: ontology.prompts[prompt] ?? '',
      similarity: similarities[prompt] ?? 0,
    };
  });
}
